/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "clock.h"
#include "report.h"

#define EVENTS_AT_ONCE 64

static int epoll_fd = -1;
static bool one_processor;
static uint64_t hurry_until; /* us of CLOCK_BOOTTIME */

enum err loop_init(void)
{
    cpu_set_t processors;

    one_processor =
        sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) == 1;
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

void loop_hurry(bool on)
{
    hurry_until = on && !one_processor ? boottime_us() + LOOP_HURRY_US : 0;
}

/* What comes while there is a hurry; 0: nothing has. */
static int look(struct epoll_event *events)
{
    int n = 0;

    while (n == 0 && boottime_us() < hurry_until) {
        n = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, 0);
    }
    return n;
}

enum err loop_wait(int timeout_ms)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = hurry_until > 0 && timeout_ms != 0 ? look(events) : 0;

    if (n == 0) {
        n = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);
    }
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;

        source->on_event(source, events[i].events);
    }
    return n < 0 && errno != EINTR ? ERR_SYSTEM : OK;
}
