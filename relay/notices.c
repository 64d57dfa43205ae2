/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "notices.h"
#include "watch.h"

static void print_count(struct notices *notices, unsigned kind)
{
    if (notices->last[kind].more > 0) {
        log_line("%u more times: %s", notices->last[kind].more, notices->last[kind].text);
        notices->last[kind].more = 0;
    }
}

void notice(struct notices *notices, enum notice kind, int64_t now, const char *format, ...)
{
    char text[NOTICE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    if (now < notices->last[kind].quiet_until && strcmp(text, notices->last[kind].text) == 0) {
        notices->last[kind].more++;
        return;
    }
    print_count(notices, kind);
    memcpy(notices->last[kind].text, text, sizeof text);
    notices->last[kind].quiet_until = now + NOTICE_QUIET_MS;
    log_line("%s", text);
}

int64_t notices_flush(struct notices *notices, int64_t now)
{
    int64_t next = NEVER;

    for (unsigned kind = 0; kind < NOTICE_KINDS; kind++) {
        if (notices->last[kind].more == 0) {
            continue;
        }
        if (notices->last[kind].quiet_until <= now) {
            print_count(notices, kind);
            notices->last[kind].quiet_until = now + NOTICE_QUIET_MS;
        } else if (notices->last[kind].quiet_until < next) {
            next = notices->last[kind].quiet_until;
        }
    }
    return next;
}
