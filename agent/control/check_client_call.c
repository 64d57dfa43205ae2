/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_client_call.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "clock.h"
#include "log.h"

#define END_WAIT_MS 2000U /* that a client which was told to end may take */

/* Starts it with one end of a socket as stdin and stdout, as the relay does. An errno, or 0. */
static int start(const struct client_call *call, int connection, int error, pid_t *ret_pid)
{
    char program[] = QREXEC_CLIENT;
    char *const argv[] = {access(QREXEC_CLIENT, F_OK) == 0 ? program : strrchr(program, '/') + 1,
                          (char[]){"--"}, (char *)call->target, (char *)call->service, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe;
    int failed;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        (void)posix_spawnattr_setsigdefault(&attributes, &pipe);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        failed = posix_spawn_file_actions_adddup2(&actions, connection, STDIN_FILENO);
        if (failed == 0) {
            failed = posix_spawn_file_actions_adddup2(&actions, connection, STDOUT_FILENO);
        }
        if (failed == 0) {
            failed = posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
        }
        if (failed == 0) {
            failed = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static bool receive(int fd, uint8_t *data, size_t len, uint64_t deadline, bool *ret_late)
{
    while (len > 0) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        uint64_t now = boottime_ms();
        ssize_t n;

        if (now >= deadline || poll(&poll_fd, 1, (int)(deadline - now)) == 0) {
            *ret_late = true;
            return false;
        }
        n = recv(fd, data, len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool exchange(int fd, struct view message, unsigned timeout_ms, uint8_t *buffer,
                     struct view *ret_answer, bool *ret_late)
{
    uint64_t deadline = boottime_ms() + timeout_ms;
    uint8_t length[4];
    uint32_t len;

    store_u32(length, (uint32_t)message.len);
    /* The buffer of a new socket takes a short message at once; nobody may be there any more. */
    if (send(fd, length, sizeof length, MSG_NOSIGNAL) < 0 ||
        send(fd, message.data, message.len, MSG_NOSIGNAL) < 0 ||
        !receive(fd, length, sizeof length, deadline, ret_late)) {
        return false;
    }
    len = load_u32(length);
    if (len == 0 || len > FRAME_MAX || !receive(fd, buffer, len, deadline, ret_late)) {
        return false;
    }
    *ret_answer = (struct view){buffer, len};
    return true;
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
    bool late = false;
    bool answered;
    int status;
    pid_t pid;

    if (error < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        result.status = errno;
        goto out;
    }
    result.status = start(call, ends[1], error, &pid);
    if (result.status != 0) {
        goto out;
    }
    close(ends[1]);
    ends[1] = -1;
    answered = exchange(ends[0], message, timeout_ms, buffer, ret_answer, &late);
    close(ends[0]);
    ends[0] = -1;
    status = end(pid);
    last_line(error, result.error);
    result.end = answered ? CALL_ANSWERED : late ? CALL_SILENT : CALL_ENDED;
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
