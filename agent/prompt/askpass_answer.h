/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_ASKPASS_ANSWER_H
#define PROMPT_ASKPASS_ANSWER_H

#define ASKPASS_DEPTH_VARIABLE "SPLIT_SSH_ASKPASS_DEPTH" /* how often we have started ourselves */

/*
 * Answers the prompt of an OpenSSH program, on standard output: the passphrase of a key file from
 * the Secret Service, or from the user; anything else is given to the real askpass program, which
 * this process becomes. Returns the exit status.
 */
int askpass_answer(const char *text);

#endif
