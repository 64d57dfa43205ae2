/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_client_call.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "check_run.h"
#include "clock.h"
#include "connection.h"
#include "log.h"

#define END_WAIT_MS 2000U /* that a client which was told to end may take */

/* Starts it with one end of a socket as stdin and stdout, as the relay does. An errno, or 0. */
static int start(const struct client_call *call, int connection, int error, pid_t *ret_pid)
{
    const char *program = QREXEC_CLIENT;
    const char *const argv[] = {access(program, F_OK) == 0 ? program : strrchr(program, '/') + 1,
                                "--", call->target, call->service, NULL};
    const int ends[3] = {connection, connection, error};

    return run_start(argv, ends, ret_pid);
}

/* Its wait status; it is ended after END_WAIT_MS. */
static int end(pid_t pid)
{
    const struct timespec step = {.tv_nsec = 10000000};
    uint64_t deadline = boottime_ms() + END_WAIT_MS;
    int signal_number = SIGTERM;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (boottime_ms() >= deadline) {
            kill(-pid, signal_number);
            signal_number = SIGKILL;
            deadline += END_WAIT_MS;
        }
        nanosleep(&step, NULL);
    }
    return status;
}

static void last_line(int fd, char ret[CALL_ERROR_MAX])
{
    char text[4096];
    ssize_t n = pread(fd, text, sizeof text, 0);
    size_t len = n > 0 ? (size_t)n : 0;
    size_t start;

    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    for (start = len; start > 0 && text[start - 1] != '\n';) {
        start--;
    }
    log_clean(ret, CALL_ERROR_MAX, text + start, len - start);
}

void client_call(const struct client_call *call, struct view message, unsigned timeout_ms,
                 uint8_t *buffer, struct view *ret_answer, struct call_result *ret)
{
    struct call_result result = {.end = CALL_FAILED};
    int error = memfd_create("stderr", MFD_CLOEXEC);
    int ends[2] = {-1, -1};
    enum err err;
    bool late;
    int status;
    pid_t pid;

    /* Our end alone: qrexec-client-vm expects one that blocks. */
    if (error < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        result.status = errno;
        goto out;
    }
    result.status = start(call, ends[1], error, &pid);
    if (result.status != 0) {
        goto out;
    }
    close(ends[1]);
    ends[1] = -1;
    err = connection_exchange(ends[0], (struct view){NULL, 0}, message, boottime_ms() + timeout_ms,
                              buffer, ret_answer);
    late = err == ERR_SYSTEM && errno == ETIMEDOUT;
    close(ends[0]);
    ends[0] = -1;
    status = end(pid);
    last_line(error, result.error);
    result.end = err == OK ? CALL_ANSWERED : late ? CALL_SILENT : CALL_ENDED;
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
out:
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
    if (error >= 0) {
        close(error);
    }
    *ret = result;
}
