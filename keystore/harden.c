/* SPDX-License-Identifier: BSD-2-Clause */
#include "harden.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ipc.h"

/*
 * The agent decides when this process ends, by closing the socket; a signal to the whole group
 * (from the keyboard, from systemd) must not be faster. If the agent dies, the kernel ends this
 * process too, even where it was stopped.
 */
static bool follow_agent(void)
{
    return signal(SIGINT, SIG_IGN) != SIG_ERR && signal(SIGHUP, SIG_IGN) != SIG_ERR &&
           signal(SIGTERM, SIG_IGN) != SIG_ERR && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

enum err harden_process(void)
{
    const struct rlimit no_core = {0, 0};

    if (!follow_agent() || clearenv() != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        close_range(IPC_SIDE_FD + 1, ~0U, 0) != 0) {
        return ERR_SYSTEM;
    }
    return OK;
}
