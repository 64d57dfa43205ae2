/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_HARDEN_H
#define PROMPT_HARDEN_H

#include "err.h"

/*
 * For the broker and its children: no core dump, no trace by other processes of the user, no new
 * privileges by an exec. ERR_SYSTEM: errno says why.
 */
enum err must_check harden_process(void);

/* For the broker: lives as long as the agent does, whatever signals a terminal or systemd sends. */
enum err must_check harden_follow_agent(void);

/* For a child: SIGALRM ends it after so long, though a dead broker can no longer do that. */
void harden_limit_life(unsigned ms);

#endif
