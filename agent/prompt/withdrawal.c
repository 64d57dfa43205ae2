/* SPDX-License-Identifier: BSD-2-Clause */
#include "withdrawal.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int withdrawal_watch(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool withdrawal_came(int withdrawn)
{
    struct pollfd fds = {.fd = withdrawn, .events = POLLIN};

    return poll(&fds, 1, 0) == 1;
}
