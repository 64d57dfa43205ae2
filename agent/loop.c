/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>

#include "report.h"

#define EVENTS_AT_ONCE 64

static int epoll_fd = -1;

enum err loop_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd >= 0 ? OK : ERR_SYSTEM;
}

static int control(int op, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(epoll_fd, op, source->fd, &event);
}

enum err loop_add(struct source *source, uint32_t events)
{
    return control(EPOLL_CTL_ADD, source, events) == 0 ? OK : ERR_SYSTEM;
}

void loop_change(struct source *source, uint32_t events)
{
    if (control(EPOLL_CTL_MOD, source, events) != 0) {
        abort(); /* only for a source that was never added */
    }
}

void loop_remove(struct source *source)
{
    control(EPOLL_CTL_DEL, source, 0);
}

enum err loop_wait(int timeout_ms)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);

    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;

        source->on_event(source, events[i].events);
    }
    return n < 0 && errno != EINTR ? ERR_SYSTEM : OK;
}
