/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_SPAWN_H
#define AGENT_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct helper {
    const char *name;         /* of the program in the libexec directory */
    bool foreground;          /* passed on as -f */
    bool traced;              /* by us, before its first instruction (trace.h); one helper only */
    char *const *environment; /* as execve(2) takes it; NULL: empty */
    int side_fd;              /* its IPC_SIDE_FD (ipc.h), stays the caller's; -1: it has none */
};

/*
 * Runs a helper from the libexec directory that was compiled in, whatever our environment says,
 * with the other end of a new stream socket as its IPC_FD and nothing else but side_fd, /dev/null
 * on 0 and 1 and our standard error; no signal is blocked or ignored, and its effective ids are the
 * real ones. The caller owns *ret_fd and reaps *ret_pid. ERR_SYSTEM after the reason was reported.
 */
enum err must_check spawn_helper(const struct helper *helper, int *ret_fd, pid_t *ret_pid);

#endif
