/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent of this vault says about itself. */
#ifndef CONTROL_CHECK_AGENT_H
#define CONTROL_CHECK_AGENT_H

#include <stdbool.h>

#include "err.h"

#define AGENT_REPORT_MAX 4096U /* bytes of the text of check@split-ssh; it has half of that */

/*
 * Asks check@split-ssh (control_ipc.h) on a socket; the text, whose lines check_get() reads, goes
 * into ret (AGENT_REPORT_MAX bytes). ERR_SYSTEM, ERR_TOO_BIG: as connection_ask(), with ret_why
 * (CONNECTION_WHY_MAX bytes). ERR_NOT_FOUND: it does not know this, so it is an older agent.
 */
enum err must_check agent_report(const char *path, char *ret, char *ret_why);

/*
 * Whether an agent answers what qrexec would bring: a call without an argument, from a qube with a
 * name that none has. Any answer is one, also that the policy does not let it in. If not, why is in
 * ret_why (CONNECTION_WHY_MAX bytes).
 */
bool agent_answers_call(const char *path, char *ret_why);

#endif
