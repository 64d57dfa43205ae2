/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define DRAIN_MAX    65536U /* bytes at once: as much as a pipe has */
#define KILL_WAIT_MS 1000   /* that a program which was killed may take */

enum { OUT, ERR, STREAMS };

/* Our ends of a program's pipes, and what came out of them. */
struct stream {
    int fd; /* -1: at its end */
    char *data;
    size_t len;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Takes what is there; what has no room is thrown away. Who writes without end is not waited for.
 */
static void drain(struct stream *stream)
{
    char waste[4096];
    size_t taken = 0;
    ssize_t n;

    do {
        size_t room = RUN_OUTPUT_MAX - stream->len;

        n = read(stream->fd, room > 0 ? stream->data + stream->len : waste,
                 room > 0 ? room : sizeof waste);
        stream->len += n > 0 && room > 0 ? (size_t)n : 0;
        taken += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && taken < DRAIN_MAX) || (n < 0 && errno == EINTR));
    if (n == 0) {
        close_fd(&stream->fd);
    }
}

/* Until the process has ended; false: it was not in time. */
static bool collect(int process, struct stream *streams, uint64_t deadline)
{
    struct pollfd fds[1 + STREAMS] = {{.fd = process, .events = POLLIN}};
    bool ended = false;

    while (!ended) {
        uint64_t now = boottime_ms();

        for (unsigned i = 0; i < STREAMS; i++) {
            fds[1 + i] = (struct pollfd){.fd = streams[i].fd, .events = POLLIN};
        }
        if (now >= deadline) {
            return false;
        }
        if (poll(fds, 1 + STREAMS, (int)(deadline - now)) < 0 && errno != EINTR) {
            return false;
        }
        ended = fds[0].revents != 0; /* what it wrote before is in the pipes by then */
        for (unsigned i = 0; i < STREAMS; i++) {
            if (streams[i].fd >= 0) {
                drain(&streams[i]);
            }
        }
    }
    return true;
}

int run_start(const char *const *argv, const int ends[3], pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, ignored;
    int failed = posix_spawn_file_actions_init(&actions);

    if (failed != 0) {
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    sigemptyset(&none);
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &ignored);
    failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
    for (int i = 0; i < 3 && failed == 0; i++) {
        failed = posix_spawn_file_actions_adddup2(&actions, ends[i], i);
    }
    if (failed == 0) {
        /* The cast: what posix_spawnp(3) takes is not changed by it. */
        failed =
            posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static bool open_input(struct view input, int *ret_end, int *ret_ours)
{
    int ends[2];

    if (input.len == 0) {
        *ret_end = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return *ret_end >= 0;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    *ret_end = ends[0];
    *ret_ours = ends[1];
    return input.len <= PIPE_BUF &&
           write(ends[1], input.data, input.len) == (ssize_t)input.len; /* the pipe has room */
}

static bool open_stream(struct stream *stream, int *ret_end)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    stream->fd = ends[0];
    *ret_end = ends[1];
    return fcntl(stream->fd, F_SETFL, O_NONBLOCK) == 0;
}

/* False: it has not ended. Root's programs, such as sudo, are not ended by this user's signal. */
static bool reap(pid_t pid, int process, int *ret_status)
{
    struct pollfd ended = {.fd = process, .events = POLLIN};

    (void)poll(&ended, 1, KILL_WAIT_MS);
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

static void wait_for(pid_t pid, struct stream *streams, uint64_t deadline, struct run *ret)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    int status;

    ret->started = true;
    ret->timed_out = process < 0 || !collect(process, streams, deadline);
    if (ret->timed_out) {
        kill(-pid, SIGKILL);
    }
    if (reap(pid, process, &status) && !ret->timed_out && WIFEXITED(status)) {
        ret->status = WEXITSTATUS(status);
    }
    close_fd(&process);
}

bool run_program(const char *const *argv, struct view input, unsigned timeout_ms, struct run *ret)
{
    struct stream streams[STREAMS] = {{.fd = -1, .data = ret->out}, {.fd = -1, .data = ret->err}};
    uint64_t deadline = boottime_ms() + timeout_ms;
    int ends[3] = {-1, -1, -1};
    int ours = -1;
    pid_t pid;
    bool spawned;

    ret->started = false;
    ret->timed_out = false;
    ret->status = -1;
    spawned = open_input(input, &ends[0], &ours) && open_stream(&streams[OUT], &ends[1]) &&
              open_stream(&streams[ERR], &ends[2]) && run_start(argv, ends, &pid) == 0;
    for (unsigned i = 0; i < 3; i++) {
        close_fd(&ends[i]); /* the program has them; ours would keep the pipes open */
    }
    if (spawned) {
        wait_for(pid, streams, deadline, ret);
    }
    close_fd(&ours);
    for (unsigned i = 0; i < STREAMS; i++) {
        close_fd(&streams[i].fd);
        streams[i].data[streams[i].len] = '\0';
    }
    ret->out_len = streams[OUT].len;
    return ret->status == 0;
}

bool run_simple(const char *const *argv, struct run *ret)
{
    return run_program(argv, (struct view){NULL, 0}, RUN_TIMEOUT_MS, ret);
}
