/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_text.h"

#include <stdio.h>
#include <string.h>

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./_@:%+,=-"

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* One byte between quotes; bytes[4] is enough. */
static size_t quote_byte(char *bytes, unsigned char c, bool printable)
{
    static const char outside[4] = {'\'', '\\', '\'', '\''}; /* one quote ends, one begins */

    if (!printable && (c < 0x20 || c >= 0x7f)) {
        bytes[0] = '\\';
        bytes[1] = (char)('0' + (c >> 6));
        bytes[2] = (char)('0' + (c >> 3 & 7));
        bytes[3] = (char)('0' + (c & 7));
        return 4;
    }
    if (!printable && (c == '\'' || c == '\\')) {
        bytes[0] = '\\';
        bytes[1] = (char)c;
        return 2;
    }
    if (c == '\'') {
        memcpy(bytes, outside, sizeof outside);
        return sizeof outside;
    }
    bytes[0] = (char)c;
    return 1;
}

const char *check_quote(char *ret, size_t cap, const char *text)
{
    bool printable = is_printable(text);
    char bytes[4];
    size_t used;

    if (text[0] != '\0' && text[strspn(text, PLAIN)] == '\0') {
        used = strlen(text);
        if (used < cap) {
            memcpy(ret, text, used + 1);
        } else {
            ret[0] = '\0';
        }
        return ret;
    }
    used = (size_t)snprintf(ret, cap, "%s'", printable ? "" : "$");
    for (; *text != '\0' && used < cap; text++) {
        size_t n = quote_byte(bytes, (unsigned char)*text, printable);

        if (n <= cap - used) {
            memcpy(ret + used, bytes, n);
        }
        used += n;
    }
    if (used + 2 > cap) {
        ret[0] = '\0';
        return ret;
    }
    memcpy(ret + used, "'", 2);
    return ret;
}

const char *check_get(char *ret, size_t cap, const char *text, char separator, const char *name)
{
    size_t len = strlen(name);

    ret[0] = '\0';
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");

        if (line > len && memcmp(text, name, len) == 0 && text[len] == separator) {
            snprintf(ret, cap, "%.*s", (int)(line - len - 1), text + len + 1);
            break;
        }
        text += line + (text[line] == '\n');
    }
    return ret;
}

bool check_bus_has(const char *text, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(text, "as ", 3) != 0) {
        return false;
    }
    for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at, '"')) {
        const char *end = strchr(at + 1, '"');

        if (end == NULL) {
            return false;
        }
        if ((size_t)(end - at - 1) == len && memcmp(at + 1, word, len) == 0) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

bool check_bus_true(const char *text)
{
    return strcmp(text, "b true\n") == 0 || strcmp(text, "b true") == 0;
}

bool check_each_line(const char *text, bool (*take)(void *context, const char *line, size_t len),
                     void *context)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        if (take(context, text, len)) {
            return true;
        }
        text += len + (text[len] == '\n');
    }
    return false;
}
