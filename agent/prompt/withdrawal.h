/* SPDX-License-Identifier: BSD-2-Clause */
/* A question that nobody wants an answer to any more is withdrawn: SIGTERM, SIGINT or SIGHUP. */
#ifndef PROMPT_WITHDRAWAL_H
#define PROMPT_WITHDRAWAL_H

#include <stdbool.h>

/*
 * A descriptor that is readable once such a signal has come, which ends nothing from now on; or -1
 * with errno.
 */
int withdrawal_watch(void);

/* Has one come? */
bool withdrawal_came(int withdrawn);

#endif
