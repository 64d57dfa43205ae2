/* SPDX-License-Identifier: BSD-2-Clause */
#include "record.h"

#include <stdbool.h>
#include <string.h>

/* Text is never longer than the JSON that it comes from, which has quotes or a comma for the NUL.
 */
struct reader {
    const char *at;
    size_t left; /* bytes */
    char *to;
    bool bad;
};

static char next(struct reader *r)
{
    if (r->bad || r->left == 0 || *r->at < 0x20 || *r->at > 0x7e) {
        r->bad = true;
        return '\0';
    }
    r->left--;
    return *r->at++;
}

/* Takes the character if it is the next one. */
static bool take(struct reader *r, char c)
{
    if (r->bad || r->left == 0 || *r->at != c) {
        return false;
    }
    r->left--;
    r->at++;
    return true;
}

static void expect(struct reader *r, char c)
{
    if (next(r) != c) {
        r->bad = true;
    }
}

static const char *end_text(struct reader *r, const char *start)
{
    *r->to++ = '\0';
    return start;
}

/* After \u: four hexadecimal digits. */
static char unicode(struct reader *r)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0;

    for (unsigned i = 0; i < 4; i++) {
        const char *digit = strchr(digits, next(r) | 0x20);

        if (digit == NULL || r->bad) {
            r->bad = true;
            return '?';
        }
        value = value * 16 + (unsigned)(digit - digits);
    }
    if (value < 0x20 || value > 0x7e) {
        return '?';
    }
    return (char)value;
}

static char escaped(struct reader *r)
{
    char c = next(r);

    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'u':
        return unicode(r);
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return '?';
    default:
        r->bad = true;
        return '?';
    }
}

static const char *string(struct reader *r)
{
    const char *start = r->to;

    expect(r, '"');
    while (!r->bad && !take(r, '"')) {
        char c = next(r);

        if (c == '\\') {
            c = escaped(r);
        }
        *r->to++ = c;
    }
    return end_text(r, start);
}

/* A number, true, false, or null. */
static const char *word(struct reader *r)
{
    const char *start = r->to;
    bool number;

    while (r->left > 0 && *r->at != ',' && *r->at != '}' && !r->bad) {
        *r->to++ = next(r);
    }
    (void)end_text(r, start);
    number = start[0] != '\0' && start[strspn(start, "0123456789")] == '\0';
    if (strcmp(start, "null") == 0) {
        return start + strlen(start);
    }
    r->bad = r->bad || !(number || strcmp(start, "true") == 0 || strcmp(start, "false") == 0);
    return start;
}

static void field(struct reader *r, struct record *ret)
{
    const char *name = string(r);
    const char *value;

    expect(r, ':');
    value = !r->bad && r->left > 0 && *r->at == '"' ? string(r) : word(r);
    ret->fields[ret->count].name = name;
    ret->fields[ret->count].value = value;
    ret->count++;
}

enum err record_parse(const char *line, size_t len, struct record *ret)
{
    struct reader r = {.at = line, .left = len, .to = ret->text};

    ret->count = 0;
    if (len >= AUDIT_LINE_MAX) {
        return ERR_TOO_BIG;
    }
    expect(&r, '{');
    do {
        if (ret->count == RECORD_FIELDS_MAX) {
            return ERR_TOO_BIG;
        }
        field(&r, ret);
    } while (!r.bad && take(&r, ','));
    expect(&r, '}');
    return r.bad || r.left > 0 ? ERR_MALFORMED : OK;
}

const char *record_get(const struct record *record, const char *name)
{
    for (unsigned i = 0; i < record->count; i++) {
        if (strcmp(record->fields[i].name, name) == 0) {
            return record->fields[i].value;
        }
    }
    return "";
}
