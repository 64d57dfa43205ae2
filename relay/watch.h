/* SPDX-License-Identifier: BSD-2-Clause */
/* What the event loop knows about a descriptor: a kind, and an index into that kind's table. */
#ifndef RELAY_WATCH_H
#define RELAY_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

#define NEVER INT64_MAX

enum watch {
    WATCH_LISTENER,
    WATCH_SIGNALS,
    WATCH_CALL,
    WATCH_REFUSAL,
};

/* Milliseconds of CLOCK_MONOTONIC. */
static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* EPOLL_CTL_ADD or EPOLL_CTL_MOD; false with errno if the kernel has no memory for it. */
static inline bool watch_set(int epoll, int op, int fd, uint32_t events, enum watch kind,
                             unsigned index)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)kind << 32 | index};

    return epoll_ctl(epoll, op, fd, &event) == 0;
}

static inline enum watch watch_kind(const struct epoll_event *event)
{
    return (enum watch)(event->data.u64 >> 32);
}

static inline unsigned watch_index(const struct epoll_event *event)
{
    return (unsigned)(event->data.u64 & UINT32_MAX);
}

#endif
