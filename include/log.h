/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line to standard error, written with one write(2) so that lines of several processes do not
 * mix. Text that comes from a peer goes through log_clean() first.
 */
#ifndef SPLIT_SSH_LOG_H
#define SPLIT_SSH_LOG_H

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024U /* bytes; longer lines are cut */

/*
 * "program: text\n"; keeps errno. A reader that has stopped (a full pipe, a terminal on hold) costs
 * lines, and does not stop the program: poll(2) says that a pipe takes PIPE_BUF bytes at once.
 */
static inline void __attribute__((format(printf, 1, 0))) log_vline(const char *format, va_list args)
{
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
    char line[LOG_LINE_MAX];
    int saved = errno;
    size_t used;
    ssize_t ignored;
    int n;

    n = snprintf(line, sizeof line - 1, "%s: ", program_invocation_short_name);
    used = n < 0 ? 0 : (size_t)n;
    if (used < sizeof line - 1) {
        n = vsnprintf(line + used, sizeof line - 1 - used, format, args);
        used += n < 0 ? 0 : (size_t)n;
    }
    if (used > sizeof line - 2) {
        used = sizeof line - 2;
    }
    line[used++] = '\n';
    if (poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) != 0) {
        ignored = write(STDERR_FILENO, line, used);
        (void)ignored; /* nowhere to say it */
    }
    errno = saved;
}

static inline void __attribute__((format(printf, 1, 2))) log_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vline(format, args);
    va_end(args);
}

/*
 * Copies len bytes of a peer's text into ret (cap bytes, NUL-terminated): printable ASCII stays,
 * every other byte becomes '?', and what does not fit is cut. Returns ret.
 */
static inline const char *log_clean(char *ret, size_t cap, const void *text, size_t len)
{
    const unsigned char *from = text;
    size_t n = len < cap - 1 ? len : cap - 1;

    for (size_t i = 0; i < n; i++) {
        ret[i] = (char)(from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?');
    }
    ret[n] = '\0';
    return ret;
}

#endif
