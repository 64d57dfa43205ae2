/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-prompt, the broker, which the agent starts: it has the user asked, and holds the key of
 * approvals. It shows nothing, and no library of a desktop is in it; split-ssh-prompt-child shows.
 */
#include <errno.h>
#include <sodium.h>

#include "approvals.h"
#include "broker.h"
#include "harden.h"
#include "helper.h"
#include "ipc.h"
#include "log.h"
#include "standard_fds.h"

static int fatal(int status, const char *what)
{
    log_line("%s: %s", what, strerror(errno));
    return status;
}

static int run_broker(bool foreground)
{
    enum err err;

    if (harden_follow_agent() != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot follow the agent");
    }
    if (sodium_init() < 0) {
        return fatal(IPC_EXIT_CRYPTO, "cannot set up libsodium");
    }
    err = approvals_take_key(IPC_SIDE_FD);
    if (err == ERR_SYSTEM) {
        return fatal(IPC_EXIT_MEMORY, "cannot lock a page of memory (ulimit -l, LimitMEMLOCK=)");
    }
    if (err != OK) {
        log_line("warning: no key of approvals came from the keystore: every answer will be no");
    }
    if (!foreground) {
        helper_drop_stderr();
    }
    return broker_serve();
}

/* -f: the agent is in the foreground; keep standard error. */
int main(int argc, char *argv[])
{
    bool foreground = argc == 2 && strcmp(argv[1], "-f") == 0;

    if (!standard_fds_open() || harden_process() != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot close the process off");
    }
    if (argc > (foreground ? 2 : 1) || !helper_has_socket(IPC_FD)) {
        log_line("this program is started by split-ssh-agent, not by hand");
        return IPC_EXIT_USAGE;
    }
    return run_broker(foreground);
}
