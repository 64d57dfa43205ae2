/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "err.h"

/* A descriptor that the loop watches; part of a larger struct, whose owner keeps it. */
struct source {
    int fd;
    void (*on_event)(struct source *source, uint32_t events); /* EPOLLIN ... */
};

/* The one epoll instance of the process. ERR_SYSTEM. */
enum err must_check loop_init(void);

/* Watches source->fd, which stays the caller's. events as in epoll_ctl(2). ERR_SYSTEM. */
enum err must_check loop_add(struct source *source, uint32_t events);

/* Changes what is watched of a source that was added; cannot fail for one. */
void loop_change(struct source *source, uint32_t events);

/* Stops watching; the descriptor is still open. */
void loop_remove(struct source *source);

/*
 * Waits up to timeout_ms (-1: for ever) and calls the sources that have something. ERR_SYSTEM:
 * epoll itself does not work, and will not the next time.
 */
enum err must_check loop_wait(int timeout_ms);

/* The earlier of two timeouts of loop_wait(): -1 is later than everything. */
static inline int loop_earlier(int a, int b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

#endif
