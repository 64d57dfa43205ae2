/* SPDX-License-Identifier: BSD-2-Clause */
#include "expiry.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "agents.h"
#include "clock.h"
#include "keystore_client.h"
#include "loop.h"

static uint64_t next_deadline; /* ms of CLOCK_BOOTTIME; 0 for none */

static void on_timer(struct source *source, uint32_t events)
{
    uint64_t times;
    ssize_t ignored = read(source->fd, &times, sizeof times);

    (void)ignored; /* the clock is looked at all the same */
    (void)events;
    expiry_check();
}

static struct source timer = {.fd = -1, .on_event = on_timer};

enum err expiry_init(void)
{
    timer.fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer.fd < 0) {
        return ERR_SYSTEM;
    }
    return loop_add(&timer, EPOLLIN);
}

void expiry_update(void)
{
    uint64_t deadline = agents_next_deadline();
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(deadline / 1000),
                     .tv_nsec = (long)(deadline % 1000) * 1000000L},
    };

    if (deadline != next_deadline) {
        next_deadline = deadline;
        timerfd_settime(timer.fd, TFD_TIMER_ABSTIME, &when, NULL); /* all zero: off */
    }
}

void expiry_check(void)
{
    if (next_deadline == 0 || boottime_ms() < next_deadline) {
        return;
    }
    if (agents_expire(boottime_ms()) > 0) {
        keystore_expire();
    }
    expiry_update();
}
