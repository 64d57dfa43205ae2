/* SPDX-License-Identifier: BSD-2-Clause */
#include "harden.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ipc.h"

enum err harden_process(void)
{
    const struct rlimit no_core = {0, 0};

    if (clearenv() != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        close_range(IPC_FD + 1, ~0U, 0) != 0) {
        return ERR_SYSTEM;
    }
    return OK;
}
