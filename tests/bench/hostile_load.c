/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A qube that does not behave: one process, many connections, and on each of them the next request
 * goes out as soon as the answer to the last one is there.
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

static bool expected(enum hostile_kind kind, uint8_t type)
{
    switch (kind) {
    case HOSTILE_SIGN_ED25519:
    case HOSTILE_SIGN_RSA:
        return type == MSG_SIGN_ANSWER;
    case HOSTILE_LIST:
        return type == MSG_LIST_ANSWER;
    case HOSTILE_EXTENSION:
        return type == MSG_FAILURE || type == MSG_EXTENSION_FAILURE;
    }
    return false;
}

static void send_request(const struct hostile_load *load, struct peer *peer, int fd)
{
    while (peer->sent < load->frame.len) {
        ssize_t n =
            send(fd, load->frame.data + peer->sent, load->frame.len - peer->sent, MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return; /* poll says when to go on */
        }
        if (n <= 0) {
            die("the agent closes a hostile connection");
        }
        peer->sent += (size_t)n;
    }
}

/* Goes on in an answer with len bytes of it; true at its end. */
static bool take_answer(const struct hostile_load *load, struct peer *peer, const uint8_t *data,
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
        die("more bytes than one answer on a hostile connection");
    }
    peer->left -= len;
    if (peer->have < HEAD || peer->left > 0) {
        return false;
    }
    if (expected(load->kind, peer->head[4])) {
        atomic_fetch_add(&load->counters->answers, 1);
    } else {
        atomic_fetch_add(&load->counters->others, 1);
    }
    *peer = (struct peer){0};
    return true;
}

static void serve_peer(const struct hostile_load *load, struct peer *peer, int fd)
{
    static uint8_t scratch[FRAME_MAX];
    ssize_t n = recv(fd, scratch, sizeof scratch, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        errno = n == 0 ? 0 : errno;
        die("the agent closes a hostile connection");
    }
    if (take_answer(load, peer, scratch, (size_t)n)) {
        send_request(load, peer, fd);
    }
}

static void __attribute__((noreturn)) run_load(const struct hostile_load *load)
{
    struct peer peers[CONNECTIONS_MAX] = {0};
    struct pollfd fds[CONNECTIONS_MAX];
    nfds_t count = load->connections;

    for (nfds_t i = 0; i < count; i++) {
        fds[i].fd = client_connect(load->path, load->qube);
        if (fcntl(fds[i].fd, F_SETFL, O_NONBLOCK) != 0) {
            die("fcntl");
        }
        send_request(load, &peers[i], fds[i].fd);
    }
    for (;;) {
        for (nfds_t i = 0; i < count; i++) {
            fds[i].events = peers[i].sent < load->frame.len ? POLLIN | POLLOUT : POLLIN;
        }
        if (poll(fds, count, -1) < 0 && errno != EINTR) {
            die("poll");
        }
        for (nfds_t i = 0; i < count; i++) {
            if ((fds[i].revents & POLLOUT) != 0) {
                send_request(load, &peers[i], fds[i].fd);
            }
            if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                serve_peer(load, &peers[i], fds[i].fd);
            }
        }
    }
}

static void wait_until_busy(const struct hostile_load *load)
{
    const struct timespec interval = {.tv_nsec = 1000000};
    /* The bucket has filled a little while nothing was asked. */
    const struct timespec steady = {.tv_nsec = 300000000};
    uint64_t start = now_ns();

    while (atomic_load(&load->counters->answers) < load->burst + 2 * (uint64_t)load->connections) {
        errno = 0;
        if (waitpid(load->pid, NULL, WNOHANG) != 0) {
            die("the hostile process ended");
        }
        if (atomic_load(&load->counters->others) > 0) {
            die("a hostile request got an answer that this benchmark does not expect");
        }
        if (now_ns() - start > START_SECONDS * 1000000000ULL) {
            die("hostile connections get no answers");
        }
        nanosleep(&interval, NULL);
    }
    nanosleep(&steady, NULL);
}

void hostile_start(struct hostile_load *load)
{
    pid_t parent = getpid();

    if (load->connections > CONNECTIONS_MAX) {
        errno = 0;
        die("more than %u hostile connections", CONNECTIONS_MAX);
    }
    load->counters = mmap(NULL, sizeof *load->counters, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (load->counters == MAP_FAILED) {
        die("mmap");
    }
    load->pid = fork();
    if (load->pid < 0) {
        die("fork");
    }
    if (load->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
            _exit(BENCH_BROKEN);
        }
        run_load(load);
    }
    wait_until_busy(load);
}

void hostile_stop(struct hostile_load *load)
{
    int status;

    kill(load->pid, SIGKILL);
    if (waitpid(load->pid, &status, 0) != load->pid) {
        die("waitpid");
    }
    errno = 0;
    if (!WIFSIGNALED(status)) {
        die("the hostile process ended before its time");
    }
    if (atomic_load(&load->counters->others) > 0) {
        die("a hostile request got an answer that this benchmark does not expect");
    }
    munmap(load->counters, sizeof *load->counters);
    load->counters = NULL;
}
