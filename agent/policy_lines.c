/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_lines.h"

#include <stdio.h>
#include <string.h>

#include "policy_words.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct lines lines_of(struct view content)
{
    struct lines lines = {.at = (const char *)content.data, .left = content.len};

    if (lines.left >= 3 && memcmp(lines.at, BYTE_ORDER_MARK, 3) == 0) {
        lines.at += 3;
        lines.left -= 3;
    }
    return lines;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes that a person sees; a NUL would hide what is behind it. */
static bool is_text(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)line[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

/*
 * A # or ; with which a value or an entry begins, or after a blank: people mean a comment; inih
 * takes some of them for one, sometimes. A value begins after =, and to inih after :, too.
 */
static bool has_comment(const char *line, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if ((line[i] == '#' || line[i] == ';') &&
            (is_blank(line[i - 1]) || strchr("=:,", line[i - 1]) != NULL)) {
            return true;
        }
    }
    return false;
}

static size_t take_line(struct lines *lines, const char **ret_line)
{
    const char *end = memchr(lines->at, '\n', lines->left);
    size_t len = end != NULL ? (size_t)(end - lines->at) : lines->left;
    size_t taken = end != NULL ? len + 1 : len;

    *ret_line = lines->at;
    lines->at += taken;
    lines->left -= taken;
    lines->number++;
    return len > 0 && (*ret_line)[len - 1] == '\r' ? len - 1 : len;
}

enum err lines_next(struct lines *lines, const char **ret_line, size_t *ret_len, char *why)
{
    const char *line;
    size_t len = take_line(lines, &line);
    size_t start = 0;

    if (!is_text(line, len)) {
        snprintf(why, WHY_MAX, "a control character; policy files are plain text");
        return ERR_MALFORMED;
    }
    while (len > 0 && is_blank(line[len - 1])) {
        len--;
    }
    while (start < len && is_blank(line[start])) {
        start++;
    }
    if (start == len || line[start] == '#' || line[start] == ';') {
        len = 0;
    }
    if (len > POLICY_LINE_MAX) {
        snprintf(why, WHY_MAX,
                 "the line has %zu bytes, and %u is the most: after a comma a list may go on in "
                 "the next line, which then begins with white space",
                 len, POLICY_LINE_MAX);
        return ERR_TOO_BIG;
    }
    if (has_comment(line, len)) {
        snprintf(why, WHY_MAX,
                 "a comment needs a line of its own (for # and ; in a pattern write ?)");
        return ERR_MALFORMED;
    }
    *ret_line = line;
    *ret_len = len;
    return OK;
}

enum err line_section(const char *line, size_t len, char *ret_name, char *why)
{
    const char *close = memchr(line, ']', len);

    if (close == NULL) {
        snprintf(why, WHY_MAX, "\"[\" without \"]\"; a section is [DEFAULT] or [client:QUBE]");
        return ERR_MALFORMED;
    }
    if (close != line + len - 1) {
        snprintf(why, WHY_MAX, "text behind the \"]\" of a section");
        return ERR_MALFORMED;
    }
    memcpy(ret_name, line + 1, len - 2);
    ret_name[len - 2] = '\0';
    return OK;
}
