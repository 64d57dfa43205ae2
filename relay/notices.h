/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines that a client can cause at any rate. Each kind is printed at once; the same line again
 * within NOTICE_QUIET_MS is only counted, and the count is printed when that time is over.
 */
#ifndef RELAY_NOTICES_H
#define RELAY_NOTICES_H

#include <stdint.h>

#define NOTICE_QUIET_MS 10000
#define NOTICE_MAX      640U /* bytes */

enum notice {
    NOTICE_DENIED,     /* dom0 said no */
    NOTICE_NO_SERVICE, /* the vault has no such service */
    NOTICE_TROUBLE,    /* qrexec could not do it */
    NOTICE_SPAWN,      /* the qrexec client did not start */
    NOTICE_STATUS,     /* the qrexec client ended in some other way */
    NOTICE_STRANGER,   /* a connection of another user */
    NOTICE_ACCEPT,     /* no descriptor or memory for a connection */
    NOTICE_KINDS
};

struct notices {
    struct {
        int64_t quiet_until; /* now_ms() */
        unsigned more;       /* not printed since the last time */
        char text[NOTICE_MAX];
    } last[NOTICE_KINDS];
};

/* Prints a line, or counts it. */
void notice(struct notices *notices, enum notice kind, int64_t now, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints the counts that are due; returns when the next one is, or NEVER. */
int64_t notices_flush(struct notices *notices, int64_t now);

#endif
