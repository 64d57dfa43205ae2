/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that does not behave: one process, many connections, and on each of them the next
 * request goes out as soon as the answer to the last one is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CONNECTIONS_MAX 64U
#define HEAD            5U /* bytes: length and type */
#define START_SECONDS   60U

struct peer {
    uint8_t head[HEAD];
    size_t have; /* bytes of the head */
    size_t left; /* bytes of the answer after the head */
    size_t sent; /* bytes of the request */
};

static bool expected(const struct flood *flood, uint8_t type)
{
    return type == flood->request.answer ||
           (flood->request.answer == MSG_FAILURE && type == MSG_EXTENSION_FAILURE);
}

static void send_request(const struct flood *flood, struct peer *peer, int fd)
{
    while (peer->sent < flood->request.len) {
        ssize_t n = send(fd, flood->request.bytes + peer->sent, flood->request.len - peer->sent,
                         MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return; /* poll says when to go on */
        }
        if (n <= 0) {
            die("the agent closes a connection of a flood");
        }
        peer->sent += (size_t)n;
    }
}

/* Goes on in an answer with len bytes of it; true at its end. */
static bool take_answer(const struct flood *flood, struct peer *peer, const uint8_t *data,
                        size_t len)
{
    while (len > 0 && peer->have < HEAD) {
        peer->head[peer->have++] = *data++;
        len--;
        if (peer->have == HEAD) {
            peer->left = load_u32(peer->head) - 1;
        }
    }
    if (len > peer->left) {
        errno = 0;
        die("more bytes than one answer on a connection of a flood");
    }
    peer->left -= len;
    if (peer->have < HEAD || peer->left > 0) {
        return false;
    }
    if (expected(flood, peer->head[4])) {
        atomic_store(&flood->counters->last_ns, now_ns());
        atomic_fetch_add(&flood->counters->answers, 1);
    } else {
        atomic_fetch_add(&flood->counters->others, 1);
    }
    *peer = (struct peer){0};
    return true;
}

static void serve_peer(const struct flood *flood, struct peer *peer, int fd)
{
    static uint8_t scratch[FRAME_MAX];
    ssize_t n = recv(fd, scratch, sizeof scratch, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        errno = n == 0 ? 0 : errno;
        die("the agent closes a connection of a flood");
    }
    if (take_answer(flood, peer, scratch, (size_t)n)) {
        send_request(flood, peer, fd);
    }
}

static void __attribute__((noreturn)) run_flood(const struct flood *flood)
{
    struct peer peers[CONNECTIONS_MAX] = {0};
    struct pollfd fds[CONNECTIONS_MAX];
    nfds_t count = flood->connections;

    for (nfds_t i = 0; i < count; i++) {
        fds[i].fd = client_connect(&flood->to);
        if (fcntl(fds[i].fd, F_SETFL, O_NONBLOCK) != 0) {
            die("fcntl");
        }
        send_request(flood, &peers[i], fds[i].fd);
    }
    for (;;) {
        for (nfds_t i = 0; i < count; i++) {
            fds[i].events = peers[i].sent < flood->request.len ? POLLIN | POLLOUT : POLLIN;
        }
        if (poll(fds, count, -1) < 0 && errno != EINTR) {
            die("poll");
        }
        for (nfds_t i = 0; i < count; i++) {
            if ((fds[i].revents & POLLOUT) != 0) {
                send_request(flood, &peers[i], fds[i].fd);
            }
            if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                serve_peer(flood, &peers[i], fds[i].fd);
            }
        }
    }
}

static void wait_until_busy(const struct flood *flood)
{
    const struct timespec interval = {.tv_nsec = 1000000};
    uint64_t start = now_ns();

    while (atomic_load(&flood->counters->answers) < flood->burst + flood->connections) {
        errno = 0;
        if (waitpid(flood->pid, NULL, WNOHANG) != 0) {
            die("the flooding process ended");
        }
        if (atomic_load(&flood->counters->others) > 0) {
            die("a request of a flood got an answer that this benchmark does not expect");
        }
        if (now_ns() - start > START_SECONDS * 1000000000ULL) {
            die("connections of a flood get no answers");
        }
        nanosleep(&interval, NULL);
    }
    if (flood->slowed) {
        /* The bucket has filled a little while nothing was asked. */
        const struct timespec steady = {.tv_nsec = 300000000};

        nanosleep(&steady, NULL);
    }
}

/* What was asked last may still be under way when the connections have gone. */
static void settle(const struct flood *flood)
{
    const struct timespec interval = {.tv_nsec = 200000000};
    struct client c;

    if (flood->to.qube != NULL) {
        nanosleep(&interval, NULL); /* it would be slowed down */
        return;
    }
    client_open(&c, &flood->to);
    client_ask(&c, message_view(&flood->request));
    client_ask(&c, message_view(&flood->request));
    client_close(&c);
}

void flood_start(struct flood *flood)
{
    pid_t parent = getpid();

    if (flood->connections > CONNECTIONS_MAX) {
        errno = 0;
        die("more than %u connections of a flood", CONNECTIONS_MAX);
    }
    flood->counters = mmap(NULL, sizeof *flood->counters, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (flood->counters == MAP_FAILED) {
        die("mmap");
    }
    flood->pid = fork();
    if (flood->pid < 0) {
        die("fork");
    }
    if (flood->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
            _exit(BENCH_BROKEN);
        }
        run_flood(flood);
    }
    wait_until_busy(flood);
}

void flood_stop(struct flood *flood)
{
    int status;

    kill(flood->pid, SIGKILL);
    if (waitpid(flood->pid, &status, 0) != flood->pid) {
        die("waitpid");
    }
    errno = 0;
    if (!WIFSIGNALED(status)) {
        die("the flooding process ended before its time");
    }
    if (atomic_load(&flood->counters->others) > 0) {
        die("a request of a flood got an answer that this benchmark does not expect");
    }
    settle(flood);
    munmap(flood->counters, sizeof *flood->counters);
    flood->counters = NULL;
}
