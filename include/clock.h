/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SPLIT_SSH_CLOCK_H
#define SPLIT_SSH_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * Milliseconds since the machine was started. Counts suspended time too (clock_gettime(2),
 * CLOCK_BOOTTIME), so that a lifetime goes on while the machine sleeps.
 */
static inline uint64_t boottime_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

/* The same clock in microseconds, for how long something took. */
static inline uint64_t boottime_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* Seconds since 1970, for what has a date: certificates. */
static inline uint64_t wall_clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

#endif
