/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"

#define BUCKET_LINES   20U   /* at once */
#define BUCKET_FILL_MS 1000U /* one more each second */

static int syslog_fd = -1;
static bool use_syslog;
static bool use_debug;

/*
 * Not syslog(3): that waits while the daemon is stuck, and connects anew, which the sandbox does
 * not allow. systemd's journal keeps the socket over its restarts.
 */
void report_open_syslog(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    syslog_fd = fd;
}

/* A line of RFC 3164 as syslog(3) writes it for the local daemon, but for the time, which it has.
 */
static void __attribute__((format(printf, 1, 0))) send_syslog(const char *format, va_list args)
{
    char line[LOG_LINE_MAX];
    ssize_t ignored;
    int n = snprintf(line, sizeof line, "<%d>split-ssh-agent[%ld]: ", LOG_AUTH | LOG_NOTICE,
                     (long)getpid());

    n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    n = n < (int)sizeof line ? n : (int)sizeof line - 1;
    ignored = send(syslog_fd, line, (size_t)n, MSG_NOSIGNAL);
    (void)ignored; /* nowhere to say it */
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
        send_syslog(format, args);
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

bool report_bucket_take(struct report_bucket *bucket)
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

    if (!report_bucket_take(bucket)) {
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
