/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <syslog.h>

#include "clock.h"
#include "log.h"

#define BUCKET_LINES   20U   /* at once */
#define BUCKET_FILL_MS 1000U /* one more each second */

static bool use_syslog;
static bool use_debug;

void report_open_syslog(void)
{
    tzset(); /* read now: later no file can be opened */
    openlog("split-ssh-agent", LOG_PID | LOG_NDELAY, LOG_AUTH);
}

void report_to_syslog(void)
{
    use_syslog = true;
}

void report_debug(bool on)
{
    use_debug = on;
}

static void __attribute__((format(printf, 1, 0))) vreport(const char *format, va_list args)
{
    if (use_syslog) {
        vsyslog(LOG_NOTICE, format, args);
    } else {
        log_vline(format, args);
    }
}

void report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vreport(format, args);
    va_end(args);
}

void debug(const char *format, ...)
{
    va_list args;

    if (use_debug) {
        va_start(args, format);
        vreport(format, args);
        va_end(args);
    }
}

static bool bucket_take(struct report_bucket *bucket)
{
    uint64_t now = boottime_ms();
    uint64_t fresh = (now - bucket->filled_ms) / BUCKET_FILL_MS;

    if (bucket->filled_ms == 0 || fresh >= BUCKET_LINES) {
        bucket->lines = BUCKET_LINES;
        bucket->filled_ms = now;
    } else {
        bucket->lines += (unsigned)fresh;
        bucket->lines = bucket->lines < BUCKET_LINES ? bucket->lines : BUCKET_LINES;
        bucket->filled_ms += fresh * BUCKET_FILL_MS;
    }
    if (bucket->lines == 0) {
        bucket->dropped++;
        return false;
    }
    bucket->lines--;
    return true;
}

void report_limited(struct report_bucket *bucket, const char *who, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list args;

    if (!bucket_take(bucket)) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (bucket->dropped > 0) {
        report("%s: %s (and %u lines before that were left out)", who, text, bucket->dropped);
        bucket->dropped = 0;
    } else {
        report("%s: %s", who, text);
    }
}
