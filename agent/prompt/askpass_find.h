/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_ASKPASS_FIND_H
#define PROMPT_ASKPASS_FIND_H

#include <stdbool.h>

/*
 * The askpass program to run: $SSH_ASKPASS, or the first of the usual ones that is installed, but
 * never split-ssh-askpass, under whatever name, which would start us again. A string that stays.
 * NULL, with a log line: there is no display, or no such program. What the variables mean: ssh(1),
 * ENVIRONMENT.
 */
const char *askpass_find(void);

/* Does this path lead to split-ssh-askpass? */
bool askpass_is_ours(const char *path);

#endif
