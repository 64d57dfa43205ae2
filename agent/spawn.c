/* SPDX-License-Identifier: BSD-2-Clause */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "report.h"
#include "trace.h"

#ifndef SPLIT_SSH_LIBEXECDIR
#error "the directory of the helpers is compiled in"
#endif

#define GATE_FD        (IPC_SIDE_FD + 1) /* in the child, until exec */
#define FDS            (GATE_FD + 1)
#define STATUS_NO_EXEC 127

/*
 * Between fork and exec the child waits at a gate, a socket pair: it says that it is ready, goes on
 * when it is told, and then the socket is closed by exec, or says why there was none. Each message
 * is an int: 0, or an errno.
 */
static bool gate_send(int gate, int message)
{
    return send(gate, &message, sizeof message, MSG_NOSIGNAL) == (ssize_t)sizeof message;
}

/* False at the end of the stream. */
static bool gate_receive(int gate, int *ret)
{
    int message;

    if (recv(gate, &message, sizeof message, MSG_WAITALL) != (ssize_t)sizeof message) {
        return false;
    }
    *ret = message;
    return true;
}

/*
 * wanted[n] becomes descriptor n, or n is closed for -1; the gate alone is closed by exec. First
 * all go out of each other's way: dup2(2) onto a number that is still to be moved would lose it,
 * and one onto itself would leave it closed by exec.
 */
static bool arrange(int wanted[FDS])
{
    for (int i = 0; i < FDS; i++) {
        int moved = wanted[i] >= 0 ? fcntl(wanted[i], F_DUPFD_CLOEXEC, FDS) : -1;

        if (wanted[i] >= 0 && moved < 0) {
            return false;
        }
        wanted[i] = moved;
    }
    for (int i = 0; i < FDS; i++) {
        if (wanted[i] < 0) {
            close(i);
        } else if (dup3(wanted[i], i, i == GATE_FD ? O_CLOEXEC : 0) < 0) {
            return false;
        }
    }
    return close_range(FDS, ~0U, 0) == 0;
}

static bool reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* fails for the few that cannot be changed */
    }
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* A set-id bit of ours is not a helper's; and we may trace only what has just our own ids. */
static bool reset_ids(void)
{
    const gid_t gid = getgid();
    const uid_t uid = getuid();

    return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static bool prepare(const struct helper *helper, int fds[FDS])
{
    fds[STDIN_FILENO] = open("/dev/null", O_RDWR | O_CLOEXEC);
    fds[STDOUT_FILENO] = fds[STDIN_FILENO];
    /* The agent cannot be traced, and what it forks neither, until exec. */
    return fds[STDIN_FILENO] >= 0 && reset_signals() && reset_ids() &&
           (!helper->traced || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0) && arrange(fds);
}

_Noreturn static void become(const struct helper *helper, char *const argv[], int socket, int gate)
{
    static char *const empty_environment[] = {NULL};
    int fds[FDS] = {-1, -1, STDERR_FILENO, socket, helper->side_fd, gate};
    int message;

    if (!prepare(helper, fds)) {
        gate_send(fds[GATE_FD], errno);
    } else if (gate_send(GATE_FD, 0) && gate_receive(GATE_FD, &message)) {
        execve(argv[0], argv,
               helper->environment != NULL ? helper->environment : empty_environment);
        gate_send(GATE_FD, errno);
    }
    _exit(STATUS_NO_EXEC);
}

/* Returns 0 or why there is no helper, as an errno. */
static int let_through(const struct helper *helper, pid_t pid, int gate)
{
    int error = ECHILD; /* it ended before it was ready */

    if (!gate_receive(gate, &error) || error != 0) {
        return error;
    }
    if (helper->traced) {
        trace_begin(pid);
    }
    gate_send(gate, 0);
    trace_wait(gate, -1);
    gate_receive(gate, &error);
    return error;
}

static int run(const struct helper *helper, char *const argv[], int socket, pid_t *ret_pid)
{
    int gate[2];
    int error;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) != 0) {
        return errno;
    }
    pid = fork();
    if (pid == 0) {
        close(gate[0]); /* or it would not see us go */
        become(helper, argv, socket, gate[1]);
    }
    error = pid < 0 ? errno : 0;
    close(gate[1]);
    if (error == 0) {
        error = let_through(helper, pid, gate[0]);
    }
    close(gate[0]);
    if (error == 0) {
        *ret_pid = pid;
    } else if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    return error;
}

enum err spawn_helper(const struct helper *helper, int *ret_fd, pid_t *ret_pid)
{
    char path[sizeof SPLIT_SSH_LIBEXECDIR + 64];
    char flag[] = "-f";
    char *argv[] = {path, helper->foreground ? flag : NULL, NULL};
    int sockets[2];
    int error;

    snprintf(path, sizeof path, "%s/%s", SPLIT_SSH_LIBEXECDIR, helper->name);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        report("cannot make a socket for %s: %s", helper->name, strerror(errno));
        return ERR_SYSTEM;
    }
    error = run(helper, argv, sockets[1], ret_pid);
    close(sockets[1]);
    if (error != 0) {
        report("cannot run %s: %s (is split-ssh installed where it was built for?)", path,
               strerror(error));
        close(sockets[0]);
        return ERR_SYSTEM;
    }
    *ret_fd = sockets[0];
    return OK;
}
