/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Whom a line is about may not decide how many there are: a bucket of lines that fills slowly. */
struct report_bucket {
    uint64_t filled_ms; /* CLOCK_BOOTTIME of the last look */
    unsigned lines;     /* that may still be written */
    unsigned dropped;   /* since the last one that was written */
};

/*
 * Lines go to standard error until report_to_syslog(); then to syslog, for a background agent.
 * report_open_syslog() before that, while a socket can still be made.
 */
void report_open_syslog(void);
void report_to_syslog(void);

/* Turns debug() on. */
void report_debug(bool on);

/* One line; a peer's text has gone through log_clean(). */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, only with -d. */
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes one line out of the bucket; false if there is none, which is counted in dropped. */
bool report_bucket_take(struct report_bucket *bucket);

/* "who: text"; left out while the bucket is empty, which a later line then says. */
void report_limited(struct report_bucket *bucket, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
