/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting qrexec-client-vm, which makes one call: qrexec-client-vm -- TARGET SERVICE[+ARG]. */
#ifndef RELAY_QREXEC_H
#define RELAY_QREXEC_H

#include <spawn.h>
#include <sys/types.h>

#include "err.h"

/* Exit status of qrexec-client-vm (qubes-core-qrexec, libqrexec/qrexec.h). */
#define QREXEC_TROUBLE    125
#define QREXEC_DENIED     126
#define QREXEC_NO_SERVICE 127

struct qrexec {
    char *argv[5];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int stage; /* the descriptor that the prepared actions copy to stdin and stdout */
    int null;
};

/*
 * Prepares everything that calls have in common, so that one call allocates nothing. The strings
 * stay the caller's. Call it before signals are blocked or ignored. ERR_SYSTEM with errno.
 */
enum err must_check qrexec_open(struct qrexec *ret_qrexec, const char *client, const char *target,
                                const char *service);

/*
 * Starts a call with the connection as its stdin and stdout; the connection stays the caller's
 * too. The child has default signals, an empty mask and no further descriptors but stderr.
 * ERR_SYSTEM with errno if the program cannot be started.
 */
enum err must_check qrexec_spawn(const struct qrexec *qrexec, int connection, pid_t *ret_pid);

#endif
