/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void take_lines(struct lines *lines, line_handler *handle, void *context)
{
    char *start = lines->data;
    char *end = lines->data + lines->used;
    char *newline;

    while ((newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        handle(context, lines->skip ? NULL : start, (size_t)(newline - start));
        lines->skip = false;
        start = newline + 1;
    }
    lines->used = (size_t)(end - start);
    memmove(lines->data, start, lines->used);
    if (lines->used == sizeof lines->data) {
        lines->skip = true;
        lines->used = 0;
    }
}

static enum err must_check step_back(struct lines *lines)
{
    off_t at = lseek(lines->fd, 0, SEEK_CUR);
    struct stat st;

    if (at < 0 || fstat(lines->fd, &st) != 0) {
        return ERR_SYSTEM;
    }
    if (st.st_size < at) {
        lines->used = 0;
        lines->skip = false;
        return lseek(lines->fd, st.st_size, SEEK_SET) >= 0 ? OK : ERR_SYSTEM;
    }
    return OK;
}

enum err lines_read(struct lines *lines, line_handler *handle, void *context)
{
    enum err err = step_back(lines);
    ssize_t n;

    if (err != OK) {
        return err;
    }
    while ((n = read(lines->fd, lines->data + lines->used, sizeof lines->data - lines->used)) > 0) {
        lines->used += (size_t)n;
        take_lines(lines, handle, context);
    }
    return n == 0 ? OK : ERR_SYSTEM;
}
