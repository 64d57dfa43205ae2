/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_SPAWN_H
#define AGENT_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/*
 * Runs a helper from the libexec directory that was compiled in, whatever the environment says,
 * with the other end of a new stream socket as its fd 3, an empty environment and nothing else but
 * /dev/null on 0 and 1 and our standard error. foreground is passed on as -f. The caller owns
 * *ret_fd and reaps *ret_pid. ERR_SYSTEM after the reason was reported.
 */
enum err must_check spawn_helper(const char *name, bool foreground, int *ret_fd, pid_t *ret_pid);

#endif
