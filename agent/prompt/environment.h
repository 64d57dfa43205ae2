/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SPLIT_SSH_ENVIRONMENT_H
#define SPLIT_SSH_ENVIRONMENT_H

#include <stdbool.h>

#define ENVIRONMENT_MAX 40U

/*
 * The environment of an askpass program: of the strings in from (as environ has them) what leads to
 * the display and the user's language, a PATH of our own, and, if it is to ask for a yes or no,
 * SSH_ASKPASS_PROMPT=confirm (ssh-add(1)). Pure; ret points into from, and ends with NULL.
 */
void environment_clean(char *const from[], bool confirm, char *ret[ENVIRONMENT_MAX]);

#endif
