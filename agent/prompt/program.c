/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "log.h"
#include "withdrawal.h"

#define ENDING_MS 500 /* for a program that was told to end */

/* In the new process: only what exec needs, since another thread of ours may have held a lock. */
static _Noreturn void become(const struct program *program, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);
    int out = program->out >= 0 ? program->out : null;

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && null >= 0 &&
        dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        (!program->quiet || dup2(null, STDERR_FILENO) >= 0) &&
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
        (program->inherits < 0 || fcntl(program->inherits, F_SETFD, 0) == 0) &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        execve(program->path, program->argv, program->environment);
    }
    _exit(PROGRAM_EXEC_FAILED);
}

static enum err start(const struct program *program, pid_t *ret_pid)
{
    pid_t self = getpid();
    pid_t pid;

    if (program->group && getpgrp() != self && setpgid(0, 0) != 0) {
        log_line("cannot make a process group: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    pid = fork();
    if (pid == 0) {
        become(program, self);
    }
    if (pid < 0) {
        log_line("cannot start %.200s: %s", program->path, strerror(errno));
        return ERR_SYSTEM;
    }
    *ret_pid = pid;
    return OK;
}

static enum program_end wait_for(int process, uint64_t deadline, int withdrawn)
{
    struct pollfd fds[] = {{.fd = withdrawn, .events = POLLIN}, {.fd = process, .events = POLLIN}};
    uint64_t now;

    while (process >= 0 && (now = boottime_ms()) < deadline) {
        uint64_t left = deadline - now;

        if (poll(fds, 2, left < INT_MAX ? (int)left : INT_MAX) <= 0) {
            continue;
        }
        return fds[0].revents != 0 ? PROGRAM_WITHDRAWN : PROGRAM_ENDED;
    }
    return PROGRAM_LATE;
}

/* SIGTERM to our whole group. We have it blocked, and do not take our own for a withdrawal. */
static void end_group(int withdrawn)
{
    const struct timespec at_once = {0, 0};
    bool came = withdrawal_came(withdrawn);
    sigset_t term;

    kill(0, SIGTERM);
    if (!came) {
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigtimedwait(&term, NULL, &at_once);
    }
}

/* Ends it, and reaps it. */
static int end(const struct program *program, int process, pid_t pid, int withdrawn)
{
    struct pollfd fds = {.fd = process, .events = POLLIN};
    int status = 0;

    if (program->group) {
        end_group(withdrawn);
    } else {
        kill(pid, SIGTERM);
    }
    if (poll(&fds, 1, ENDING_MS) != 1) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

enum err program_run(const struct program *program, uint64_t deadline, int withdrawn,
                     enum program_end *ret, int *ret_status)
{
    enum program_end how;
    int process;
    int status;
    pid_t pid;
    enum err err = start(program, &pid);

    if (err != OK) {
        return err;
    }
    process = pidfd_open(pid, 0);
    if (process < 0) {
        log_line("cannot watch %.200s: %s", program->path, strerror(errno));
    }
    how = wait_for(process, deadline, withdrawn);
    status = end(program, process, pid, withdrawn);
    if (process < 0) {
        return ERR_SYSTEM;
    }
    close(process);
    *ret = how;
    *ret_status = status;
    return OK;
}
