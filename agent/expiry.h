/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_EXPIRY_H
#define AGENT_EXPIRY_H

#include "err.h"

/*
 * Keys go when their time is over, by a timer on CLOCK_BOOTTIME, which counts suspended time and
 * fires at once after a resume. ERR_SYSTEM.
 */
enum err must_check expiry_init(void);

/* The list of identities has changed: sets the timer to the earliest deadline. */
void expiry_update(void);

/* Removes what is over now; before each request, since a timer can be late. */
void expiry_check(void);

#endif
