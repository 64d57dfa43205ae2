/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_LINES_H
#define CONTROL_LINES_H

#include <stdbool.h>

#include "audit_log.h"

/* A file of lines, that may grow. */
struct lines {
    int fd;      /* owned by the caller */
    bool skip;   /* the line so far was too long */
    size_t used; /* bytes of the last line, which has no newline yet */
    char data[AUDIT_LINE_MAX];
};

/* A whole line, without its newline; NULL for one that is longer than AUDIT_LINE_MAX. */
typedef void line_handler(void *context, const char *line, size_t len);

/*
 * Hands on every line up to the end of the file; a last one without a newline is kept until there
 * is more. A file that got shorter is a line that its writer took back. ERR_SYSTEM: errno.
 */
enum err must_check lines_read(struct lines *lines, line_handler *handle, void *context);

#endif
