/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_public.h"

#include <sodium.h>

#define BASE64_MAX         (((size_t)CERTIFICATE_MAX + 2U) / 3U * 4U)
#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct view trim(struct view v)
{
    while (v.len > 0 && is_blank(v.data[0])) {
        v.data++;
        v.len--;
    }
    while (v.len > 0 && is_blank(v.data[v.len - 1])) {
        v.len--;
    }
    return v;
}

/* Takes the line in front off, with its newline. */
static struct view next_line(struct view *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    struct view line = {text->data, end == NULL ? text->len : (size_t)(end - text->data)};
    size_t used = line.len + (end == NULL ? 0 : 1);

    text->data += used;
    text->len -= used;
    return trim(line);
}

static struct view next_word(struct view *line)
{
    struct view word = {line->data, 0};

    while (word.len < line->len && !is_blank(line->data[word.len])) {
        word.len++;
    }
    line->data += word.len;
    line->len -= word.len;
    *line = trim(*line);
    return word;
}

static bool ends_in(struct view v, const char *suffix)
{
    size_t len = strlen(suffix);

    return v.len > len && memcmp(v.data + v.len - len, suffix, len) == 0;
}

static enum err parse_line(struct view line, struct key_public *ret)
{
    struct view type = next_word(&line);
    struct view base64 = next_word(&line);
    struct wire_reader r;
    struct view named;

    if (base64.len > BASE64_MAX) {
        return ERR_TOO_BIG;
    }
    if (sodium_base642bin(ret->blob, sizeof ret->blob, (const char *)base64.data, base64.len, NULL,
                          &ret->len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        return ERR_MALFORMED;
    }
    r = wire_reader(ret->blob, ret->len);
    named = wire_string(&r, KEY_TYPE_MAX);
    if (r.err != OK || named.len == 0 || !view_equal(named, type)) {
        return ERR_MALFORMED;
    }
    ret->certificate = ends_in(type, CERTIFICATE_SUFFIX);
    ret->comment = line;
    return OK;
}

enum err key_public_parse(struct view text, struct key_public *ret)
{
    while (text.len > 0) {
        struct view line = next_line(&text);

        if (line.len > 0 && line.data[0] != '#') {
            return parse_line(line, ret);
        }
    }
    return ERR_NOT_FOUND;
}
