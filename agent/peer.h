/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PEER_H
#define AGENT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "limits.h"

#define QREXEC_SERVICE "qubes.SshAgent"

/* Who calls, from the descriptor that qrexec sends before a client's first byte. */
struct caller {
    char qube[QUBE_NAME_MAX + 1];
    char argument[SERVICE_MAX + 1]; /* the agent that is asked for; "" for none */
};

/*@
  requires \valid_read(descriptor + (0 .. len - 1));
  requires \valid(ret);
  assigns *ret;
  ensures \result == OK || \result == ERR_MALFORMED && *ret == \old(*ret);
  ensures \result == OK ==> ret->qube[QUBE_NAME_MAX] == 0 && ret->argument[SERVICE_MAX] == 0;
*/
/*
 * Reads `SERVICE[+ARGUMENT] QUBE[ TYPE TARGET]`, len bytes without the NUL (qrexec's
 * doc/execution.rst). ERR_MALFORMED: it is not that, another service, a name with bytes that names
 * do not have, or a name too long. Pure.
 */
enum err must_check peer_parse(const char *descriptor, size_t len, struct caller *ret);

/*@
  requires text_valid(name);
  assigns \nothing;
*/
/* [A-Za-z0-9][A-Za-z0-9_.-]*, AGENT_NAME_MAX bytes at most. */
bool agent_name_is_valid(const char *name);

#endif
