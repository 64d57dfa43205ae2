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

#endif
