/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shuttle.h"

#define BUFFER_SIZE 65536U

struct flow {
    int from;
    int to;
    size_t begin; /* of what is not written yet */
    size_t end;
    bool eof;    /* from has ended */
    bool broken; /* to takes nothing any more: the rest is read and thrown away */
    bool done;   /* all was passed on, the end too */
    char buffer[BUFFER_SIZE];
};

static void fill(struct flow *flow)
{
    ssize_t n = read(flow->from, flow->buffer, sizeof flow->buffer);

    if (n > 0) {
        flow->begin = 0;
        flow->end = (size_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        flow->eof = true;
    }
}

static void drain(struct flow *flow)
{
    while (flow->begin < flow->end && !flow->broken) {
        ssize_t n = write(flow->to, flow->buffer + flow->begin, flow->end - flow->begin);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n < 0) {
            flow->broken = true;
        } else {
            flow->begin += (size_t)n;
        }
    }
    flow->begin = 0;
    flow->end = 0;
    if (flow->eof && !flow->done) {
        flow->done = true;
        if (shutdown(flow->to, SHUT_WR) != 0 && errno == ENOTSOCK) {
            close(flow->to);
        }
    }
}

static void step(struct flow *flow, const struct pollfd *from)
{
    if (!flow->eof && flow->end == 0 && from->revents != 0) {
        fill(flow);
    }
    if (!flow->done) {
        drain(flow);
    }
}

static void want(const struct flow *flow, struct pollfd *from, struct pollfd *to)
{
    bool full = flow->end > 0;

    *from = (struct pollfd){.fd = flow->eof || full ? -1 : flow->from, .events = POLLIN};
    *to = (struct pollfd){.fd = full ? flow->to : -1, .events = POLLOUT};
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool shuttle(struct end near, struct end far)
{
    static struct flow there;
    static struct flow back;
    struct pollfd poll_fds[5];

    there = (struct flow){.from = near.in, .to = far.out};
    back = (struct flow){.from = far.in, .to = near.out};
    set_nonblocking(near.in);
    set_nonblocking(near.out);
    set_nonblocking(far.in);
    set_nonblocking(far.out);
    while (!there.done || !back.done) {
        want(&there, &poll_fds[0], &poll_fds[1]);
        want(&back, &poll_fds[2], &poll_fds[3]);
        /* With its answers all read, a far end that is closed both ways ends everything. */
        poll_fds[4] = (struct pollfd){.fd = back.done ? far.in : -1};
        if (poll(poll_fds, 5, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        if ((poll_fds[4].revents & (POLLHUP | POLLERR)) != 0) {
            break;
        }
        step(&there, &poll_fds[0]);
        step(&back, &poll_fds[2]);
    }
    return true;
}
