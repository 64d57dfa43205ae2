/* SPDX-License-Identifier: BSD-2-Clause */
/* A unit of the user's systemd, as systemctl(1) shows it. */
#ifndef CONTROL_CHECK_UNIT_STATE_H
#define CONTROL_CHECK_UNIT_STATE_H

#include "limits.h"

#define UNIT_NAME_MAX  (sizeof "split-ssh-relay@.service" + AGENT_NAME_MAX) /* with the NUL */
#define UNIT_VALUE_MAX 64U                                                  /* with the NUL */

/* Values are cut; what systemd does not say is empty. */
struct unit_state {
    char name[UNIT_NAME_MAX];
    char load[UNIT_VALUE_MAX]; /* loaded, not-found, masked, ... */
    char active[UNIT_VALUE_MAX];
    char sub[UNIT_VALUE_MAX];
    char file[UNIT_VALUE_MAX]; /* enabled, disabled, static, ... */
    char result[UNIT_VALUE_MAX];
    char condition[UNIT_VALUE_MAX]; /* "no": the last start was left out for it */
    char started[UNIT_VALUE_MAX];   /* microseconds of CLOCK_MONOTONIC */
};

/* Asks for the unit of this name, which is valid (systemd.unit(5)) and shorter than UNIT_NAME_MAX.
 */
void unit_state(const char *name, struct unit_state *ret);

#endif
