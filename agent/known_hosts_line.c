/* SPDX-License-Identifier: BSD-2-Clause */
#include "known_hosts_line.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "keyblob.h"
#include "pattern.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void skip_spaces(struct view *text)
{
    while (text->len > 0 && is_space(text->data[0])) {
        text->data++;
        text->len--;
    }
}

/* Takes all up to the next space; empty at the end. */
static struct view take_word(struct view *text)
{
    struct view word;

    skip_spaces(text);
    word = *text;
    while (text->len > 0 && !is_space(text->data[0])) {
        text->data++;
        text->len--;
    }
    word.len -= text->len;
    return word;
}

/* base64 of at most cap bytes, and nothing else. */
static bool decode(struct view text, uint8_t *ret, size_t cap, size_t *ret_len)
{
    return sodium_base642bin(ret, cap, (const char *)text.data, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

static bool decode_exactly(struct view text, uint8_t ret[HASHED_NAME_SIZE])
{
    size_t len;

    return decode(text, ret, HASHED_NAME_SIZE, &len) && len == HASHED_NAME_SIZE;
}

/* `|1|salt|hash` */
static bool read_hashed(struct view word, struct host_names *ret)
{
    static const uint8_t magic[] = {'|', '1', '|'};
    struct wire_reader r = wire_reader(word.data, word.len);
    struct view salt;
    const uint8_t *bar;

    if (!view_equal(wire_bytes(&r, sizeof magic), (struct view){magic, sizeof magic})) {
        return false;
    }
    bar = memchr(r.at, '|', r.left);
    if (bar == NULL) {
        return false;
    }
    salt = wire_bytes(&r, (size_t)(bar - r.at));
    (void)wire_bytes(&r, 1);
    ret->hashed = true;
    return decode_exactly(salt, ret->salt) && decode_exactly(wire_rest(&r), ret->hash);
}

/* Takes the marker, if there is one; and only one may be. */
static bool read_marker(struct view *line, enum host_marker *ret)
{
    struct view word;

    *ret = HOST_PLAIN;
    if (line->data[0] != '@') {
        return true;
    }
    word = take_word(line);
    if (view_is(word, "@cert-authority")) {
        *ret = HOST_AUTHORITY;
    } else if (view_is(word, "@revoked")) {
        *ret = HOST_REVOKED;
    } else {
        return false;
    }
    skip_spaces(line);
    return line->len > 0 && line->data[0] != '@';
}

/* Is it a plain key of the type that the line names? */
static bool is_key_of_type(struct view blob, struct view type)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    const struct key_type *known;
    struct public_key key;
    bool is_cert;

    if (type.len == 0 || !view_equal(wire_string(&r, KEY_TYPE_MAX), type)) {
        return false;
    }
    return key_type_find(type, &known, &is_cert) != OK ||
           (public_key_parse(blob, &key) == OK && !key.is_cert);
}

enum err known_hosts_line_read(struct view line, struct known_hosts_line *ret)
{
    struct view word;
    struct view type;

    skip_spaces(&line);
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (line.len == 0 || line.data[0] == '#') {
        return ERR_NOT_FOUND;
    }
    /* ssh's text would end there. */
    if (memchr(line.data, '\0', line.len) != NULL || !read_marker(&line, &ret->marker)) {
        return ERR_MALFORMED;
    }
    ret->names = (struct host_names){0};
    word = take_word(&line);
    if (word.data[0] != '|') {
        ret->names.list = word;
        ret->names.excludes = memchr(word.data, '!', word.len) != NULL;
        if (ret->names.excludes && word.len > HOST_EXCLUDING_MAX) {
            return ERR_MALFORMED;
        }
    } else if (!read_hashed(word, &ret->names)) {
        return ERR_MALFORMED;
    }
    type = take_word(&line);
    word = take_word(&line);
    if (!decode(word, ret->key, sizeof ret->key, &ret->key_len) ||
        !is_key_of_type((struct view){ret->key, ret->key_len}, type)) {
        return ERR_MALFORMED;
    }
    return OK;
}

bool host_names_next(struct view *list, struct view *ret)
{
    const uint8_t *comma;

    if (list->len == 0) {
        return false;
    }
    comma = memchr(list->data, ',', list->len);
    ret->data = list->data;
    ret->len = comma == NULL ? list->len : (size_t)(comma - list->data);
    list->data += ret->len;
    list->len -= ret->len;
    if (comma != NULL) {
        list->data++;
        list->len--;
    }
    return true;
}

bool host_is_name(struct view name)
{
    if (name.len == 0 || name.len > HOST_MAX || name.data[0] == '!') {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == ',') {
            return false;
        }
    }
    return pattern_is_literal(name);
}

bool host_inside_brackets(struct view name, struct view *ret)
{
    if (name.len < 4 || name.data[0] != '[') {
        return false;
    }
    for (size_t i = 1; i + 1 < name.len; i++) {
        if (name.data[i] == ']' && name.data[i + 1] == ':') {
            *ret = (struct view){name.data + 1, i - 1};
            return true;
        }
    }
    return false;
}

static bool hash_is(const struct host_names *names, struct view name)
{
    uint8_t lower[HOST_MAX];
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (name.len > sizeof lower) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];

        lower[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    return HMAC(EVP_sha1(), names->salt, sizeof names->salt, lower, name.len, hash, &len) != NULL &&
           len == HASHED_NAME_SIZE && memcmp(hash, names->hash, len) == 0;
}

static bool have_name(const struct host_names *names, struct view name, bool without_port)
{
    struct view list = names->list;
    struct view pattern;
    struct view inside;
    bool have = false;

    if (names->hashed) {
        return hash_is(names, name);
    }
    while (host_names_next(&list, &pattern)) {
        bool negated = pattern.len > 0 && pattern.data[0] == '!';

        if (negated) {
            pattern.data++;
            pattern.len--;
        }
        if (pattern_match_view_nocase(pattern, name) ||
            (without_port && host_inside_brackets(pattern, &inside) &&
             pattern_match_view_nocase(inside, name))) {
            if (negated) {
                return false;
            }
            have = true;
        }
    }
    return have;
}

bool host_names_have(const struct host_names *names, struct view name)
{
    return have_name(names, name, true);
}

bool host_names_match(const struct host_names *names, struct view name)
{
    return have_name(names, name, false);
}

bool host_names_keep(const struct host_names *names, struct view name)
{
    return !names->excludes || host_names_have(names, name);
}
