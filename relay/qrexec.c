/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "qrexec.h"

/* The signals that a child must not inherit as ignored: SIGPIPE is, here, and others may be. */
static void ignored_signals(sigset_t *ret_set)
{
    struct sigaction action;

    sigemptyset(ret_set);
    sigaddset(ret_set, SIGPIPE);
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
            sigaddset(ret_set, number);
        }
    }
}

static int prepare_actions(struct qrexec *qrexec)
{
    int failed = posix_spawn_file_actions_init(&qrexec->actions);

    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&qrexec->actions, qrexec->stage, STDIN_FILENO);
    }
    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&qrexec->actions, qrexec->stage, STDOUT_FILENO);
    }
    if (failed == 0) {
        failed = posix_spawn_file_actions_addclosefrom_np(&qrexec->actions, STDERR_FILENO + 1);
    }
    return failed;
}

static int prepare_attributes(struct qrexec *qrexec)
{
    sigset_t none;
    sigset_t ignored;
    int failed = posix_spawnattr_init(&qrexec->attributes);

    if (failed == 0) {
        sigemptyset(&none);
        ignored_signals(&ignored);
        posix_spawnattr_setsigmask(&qrexec->attributes, &none);
        posix_spawnattr_setsigdefault(&qrexec->attributes, &ignored);
        failed = posix_spawnattr_setflags(&qrexec->attributes,
                                          POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    return failed;
}

enum err qrexec_open(struct qrexec *ret_qrexec, const char *client, const char *target,
                     const char *service)
{
    struct qrexec qrexec = {
        .argv = {(char *)client, (char *)"--", (char *)target, (char *)service, NULL}};

    qrexec.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    qrexec.stage = fcntl(qrexec.null, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (qrexec.null < 0 || qrexec.stage < 0) {
        return ERR_SYSTEM;
    }
    errno = prepare_actions(&qrexec);
    if (errno == 0) {
        errno = prepare_attributes(&qrexec);
    }
    if (errno != 0) {
        return ERR_SYSTEM;
    }
    *ret_qrexec = qrexec;
    return OK;
}

enum err qrexec_spawn(const struct qrexec *qrexec, int connection, pid_t *ret_pid)
{
    pid_t pid;
    int failed;

    if (dup3(connection, qrexec->stage, O_CLOEXEC) < 0) {
        return ERR_SYSTEM;
    }
    failed = posix_spawn(&pid, qrexec->argv[0], &qrexec->actions, &qrexec->attributes, qrexec->argv,
                         environ);
    /* Let go of the connection: as long as it is open here, its client sees no end. */
    if (dup3(qrexec->null, qrexec->stage, O_CLOEXEC) < 0) {
        close(qrexec->stage);
    }
    if (failed != 0) {
        errno = failed;
        return ERR_SYSTEM;
    }
    *ret_pid = pid;
    return OK;
}
