/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-agent: ssh-agent for the vault. Reads what clients say, decides, and asks the keystore
 * for signatures; sees no private key but those that ssh-add hands through it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "agent.h"
#include "report.h"
#include "standard_fds.h"

/* No core dump, and no ptrace by programs of the same user. */
static bool close_off(void)
{
    const struct rlimit no_core = {0, 0};

    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct listeners listeners;
    struct launch launched;
    int status = EXIT_FAILURE;

    if (!standard_fds_open()) {
        return EXIT_FAILURE;
    }
    if (options_parse(argc, argv, &options) != OK) {
        return EXIT_FAILURE;
    }
    if (options.mode == RUN_VERSION) {
        puts("split-ssh-agent " SPLIT_SSH_VERSION);
        return EXIT_SUCCESS;
    }
    if (options.mode == RUN_KILL) {
        return launch_kill(&options);
    }
    report_debug(options.debug);
    if (listeners_open(&listeners, &options) != OK) {
        return EXIT_FAILURE;
    }
    if (!launch(&options, listeners.agent.socket.path, &launched, &status)) {
        if (status != EXIT_SUCCESS) {
            listeners_close(&listeners);
        }
        return status;
    }
    if (close_off()) {
        status = agent_run(&options, &listeners, &launched);
    }
    listeners_close(&listeners);
    return status;
}
