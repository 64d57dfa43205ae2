/* SPDX-License-Identifier: BSD-2-Clause */
/* Other agents that SSH_AUTH_SOCK may lead to. */
#ifndef CONTROL_CHECK_RIVALS_H
#define CONTROL_CHECK_RIVALS_H

/* Who is at a socket that is not the one of this side, for a person. */
const char *check_rival_name(const char *socket);

/*
 * A command for a shell that turns just that agent off, with "; " at its end, to be put before
 * another one; empty if there is nothing to turn off, or nobody knows how.
 */
const char *check_rival_off(const char *socket);

#endif
