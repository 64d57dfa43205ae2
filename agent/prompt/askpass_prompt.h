/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_ASKPASS_PROMPT_H
#define PROMPT_ASKPASS_PROMPT_H

#include <limits.h>
#include <stdbool.h>

/* A prompt of ssh, ssh-add or ssh-keygen that asks for the passphrase of a key file. */
struct askpass_prompt {
    char path[PATH_MAX];
    bool again; /* the one before was wrong */
};

/*
 * Reads the text that the programs give to an askpass program. False: it asks for something else,
 * or does not show the whole path. Pure.
 */
bool askpass_prompt_parse(const char *text, struct askpass_prompt *ret);

#endif
