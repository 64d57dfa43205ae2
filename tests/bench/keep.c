/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Some agents go into the background whatever one says. What they leave behind is adopted here, so
 * that a script has one process to end.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

int bench_keep(char **argv)
{
    pid_t parent = getppid();
    sigset_t awaited;
    sigset_t none;
    posix_spawnattr_t attributes;
    pid_t pid;
    int number;

    sigemptyset(&none);
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &awaited, NULL) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
        die("prctl");
    }
    if (posix_spawnattr_init(&attributes) != 0 ||
        posix_spawnattr_setsigmask(&attributes, &none) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) != 0 ||
        posix_spawnp(&pid, argv[0], NULL, &attributes, argv, environ) != 0) {
        die("cannot start %s", argv[0]);
    }
    posix_spawnattr_destroy(&attributes);
    for (;;) {
        if (sigwait(&awaited, &number) == 0 && number != SIGCHLD) {
            end_children();
            return BENCH_DONE;
        }
        do {
            errno = 0;
        } while (waitpid(-1, NULL, WNOHANG) > 0);
        if (errno == ECHILD) {
            errno = 0;
            die("%s has ended", argv[0]);
        }
    }
}
