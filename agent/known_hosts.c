/* SPDX-License-Identifier: BSD-2-Clause */
#include "known_hosts.h"

#include <sodium.h>
#include <stdlib.h>

#include "certificate.h"
#include "known_hosts_fields.h"
#include "pattern.h"

#define FIRST_ENTRIES 64U

/* A key that is sought. */
struct sought {
    struct view key;
    uint64_t number;
};

/* The keys that a host's key or certificate stands for. */
struct host {
    struct sought plain;
    struct sought authority;               /* of a certificate; else the key is empty */
    struct certificate certificate;        /* all zero without an authority */
    uint8_t plain_bytes[2 * HOST_KEY_MAX]; /* of a certificate: the key inside */
};

static uint64_t number_of(struct view key)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    uint64_t number;

    crypto_generichash(hash, sizeof hash, key.data, key.len, NULL, 0);
    memcpy(&number, hash, sizeof number);
    return number;
}

static struct sought seek(struct view key)
{
    return (struct sought){key, number_of(key)};
}

static bool is_of(const struct entry *entry, enum host_marker marker, const struct sought *sought)
{
    return entry->marker == marker && entry->number == sought->number &&
           view_equal(entry_key(entry), sought->key);
}

struct known_hosts *known_hosts_new(void)
{
    return calloc(1, sizeof(struct known_hosts));
}

static enum err grow(struct known_hosts *hosts)
{
    size_t cap = hosts->cap == 0 ? FIRST_ENTRIES : 2 * hosts->cap;
    struct entry *entries = reallocarray(hosts->entries, cap, sizeof *entries);

    if (entries == NULL) {
        return ERR_NO_MEMORY;
    }
    hosts->entries = entries;
    hosts->cap = cap;
    return OK;
}

static enum err add_line(struct known_hosts *hosts, const struct known_hosts_line *line)
{
    struct entry entry = {
        .number = number_of((struct view){line->key, line->key_len}),
        .key_len = line->key_len,
        .marker = line->marker,
        .names = line->names,
    };
    size_t names_len = line->names.list.len;

    if (hosts->count == hosts->cap && grow(hosts) != OK) {
        return ERR_NO_MEMORY;
    }
    entry.bytes = malloc(line->key_len + names_len); /* never 0: a key has a type */
    if (entry.bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(entry.bytes, line->key, line->key_len);
    if (names_len > 0) { /* none of a hashed line */
        memcpy(entry.bytes + line->key_len, line->names.list.data, names_len);
    }
    entry.names.list.data = entry.bytes + line->key_len;
    hosts->entries[hosts->count++] = entry;
    return OK;
}

/* Takes all up to the next line end, without it. */
static struct view take_line(struct view *content)
{
    const uint8_t *end = memchr(content->data, '\n', content->len);
    struct view line = {content->data, end == NULL ? content->len : (size_t)(end - content->data)};
    size_t taken = line.len + (end == NULL ? 0 : 1);

    content->data += taken;
    content->len -= taken;
    return line;
}

enum err known_hosts_add(struct known_hosts *hosts, struct view content, size_t *ret_skipped)
{
    struct known_hosts_line line;
    size_t skipped = 0;

    while (content.len > 0) {
        enum err err = known_hosts_line_read(take_line(&content), &line);

        if (err == OK) {
            err = add_line(hosts, &line);
        }
        if (err == ERR_NO_MEMORY) {
            return err;
        }
        if (err != OK && err != ERR_NOT_FOUND) {
            skipped++;
        }
    }
    *ret_skipped = skipped;
    return OK;
}

void known_hosts_free(struct known_hosts **hosts)
{
    if (*hosts != NULL) {
        for (size_t i = 0; i < (*hosts)->count; i++) {
            free((*hosts)->entries[i].bytes);
        }
        free((*hosts)->entries);
        free(*hosts);
        *hosts = NULL;
    }
}

/* False: longer than any that is in a list, so that it costs nothing. */
static bool read_host(struct view host_key, struct host *ret)
{
    struct wire_writer w = wire_writer(ret->plain_bytes, sizeof ret->plain_bytes);
    struct public_key key;

    if (host_key.len > HOST_KEY_MAX) {
        return false;
    }
    ret->authority = (struct sought){0};
    ret->certificate = (struct certificate){0};
    if (public_key_parse(host_key, &key) != OK || !key.is_cert) {
        ret->plain = seek(host_key);
        return true;
    }
    put_public_key(&w, &key);
    ret->plain = seek(wire_written(&w));
    if (certificate_parse(host_key, &ret->certificate) == OK) {
        ret->authority = seek(ret->certificate.signature_key);
    }
    return w.err == OK;
}

static bool is_revoked(const struct known_hosts *hosts, const struct host *host)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (is_of(&hosts->entries[i], HOST_REVOKED, &host->plain) ||
            (host->authority.key.len > 0 &&
             is_of(&hosts->entries[i], HOST_REVOKED, &host->authority))) {
            return true;
        }
    }
    return false;
}

bool known_hosts_is_revoked(const struct known_hosts *hosts, struct view host_key)
{
    struct host host;

    return read_host(host_key, &host) && is_revoked(hosts, &host);
}

/* Names that are being written. */
struct name_list {
    char *text;
    size_t cap;
    size_t len;
    size_t count;
};

static bool has_name(const struct name_list *list, struct view name)
{
    size_t at = 0;

    while (at < list->len) {
        size_t len = strcspn(list->text + at, ",");

        if (len == name.len && memcmp(list->text + at, name.data, len) == 0) {
            return true;
        }
        at += len + 2;
    }
    return false;
}

static void add_name(struct name_list *list, struct view name)
{
    size_t comma = list->count > 0 ? 2 : 0;

    if (comma + name.len >= list->cap - list->len || has_name(list, name)) {
        return;
    }
    memcpy(list->text + list->len, ", ", comma);
    memcpy(list->text + list->len + comma, name.data, name.len);
    list->len += comma + name.len;
    list->text[list->len] = '\0';
    list->count++;
}

/* The literal names that a plain line is about. */
static void add_names_of_line(const struct entry *entry, struct name_list *list)
{
    struct view rest = entry->names.list;
    struct view name;

    while (host_names_next(&rest, &name)) {
        if (host_is_name(name) && host_names_keep(&entry->names, name)) {
            add_name(list, name);
        }
    }
}

/* Takes the next principal for which the line lets its authority speak; false: there is none. */
static bool next_principal(const struct entry *entry, struct wire_reader *r, struct view *ret)
{
    struct view name;

    while (wire_next_string(r, FRAME_MAX, &name)) {
        if (host_is_name(name) && host_names_have(&entry->names, name)) {
            *ret = name;
            return true;
        }
    }
    return false;
}

static struct wire_reader principals_of(const struct host *host)
{
    return wire_reader(host->certificate.principals.data, host->certificate.principals.len);
}

/* Has the line of an authority anything to say of a certificate with a right signature? */
static bool speaks_for(const struct entry *entry, const struct host *host, uint64_t now)
{
    return host->authority.key.len > 0 && is_of(entry, HOST_AUTHORITY, &host->authority) &&
           certificate_is_for_host(&host->certificate, now);
}

/* The signature is verified last, and once: it is what costs. */
enum signature { NOT_LOOKED_AT, RIGHT, WRONG };

static bool is_signed(const struct host *host, enum signature *state)
{
    if (*state == NOT_LOOKED_AT) {
        *state = certificate_verify(&host->certificate) == OK ? RIGHT : WRONG;
    }
    return *state == RIGHT;
}

size_t known_hosts_names(const struct known_hosts *hosts, struct view host_key, uint64_t now,
                         char *ret, size_t cap, bool *ret_known)
{
    struct name_list list = {.text = ret, .cap = cap};
    enum signature signature = NOT_LOOKED_AT;
    struct host host;

    ret[0] = '\0';
    *ret_known = false;
    if (!read_host(host_key, &host) || is_revoked(hosts, &host)) {
        return 0;
    }
    for (size_t i = 0; i < hosts->count; i++) {
        const struct entry *entry = &hosts->entries[i];
        struct wire_reader r = principals_of(&host);
        struct view name;

        if (is_of(entry, HOST_PLAIN, &host.plain)) {
            add_names_of_line(entry, &list);
            *ret_known = true;
        } else if (speaks_for(entry, &host, now)) {
            while (next_principal(entry, &r, &name) && is_signed(&host, &signature)) {
                add_name(&list, name);
                *ret_known = true;
            }
        }
    }
    return list.count;
}

/* The same name as a pattern and as a text, or a pattern that has the text or what is in it. */
static bool matches_name(struct view pattern, struct view name)
{
    struct view inside;

    return pattern_match_view_nocase(pattern, name) ||
           (host_inside_brackets(name, &inside) && pattern_match_view_nocase(pattern, inside));
}

static bool is_anything(struct view pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] != '*') {
            return false;
        }
    }
    return pattern.len > 0;
}

static bool line_matches(const struct entry *entry, struct view pattern)
{
    struct view rest = entry->names.list;
    struct view name;

    if (pattern_is_literal(pattern)) {
        return host_is_name(pattern) && host_names_have(&entry->names, pattern);
    }
    if (entry->names.hashed) {
        return is_anything(pattern);
    }
    while (host_names_next(&rest, &name)) {
        if (host_is_name(name) && matches_name(pattern, name) &&
            host_names_keep(&entry->names, name)) {
            return true;
        }
    }
    return false;
}

static bool principal_matches(const struct entry *entry, const struct host *host,
                              struct view pattern)
{
    struct wire_reader r = principals_of(host);
    struct view name;

    while (next_principal(entry, &r, &name)) {
        if (matches_name(pattern, name)) {
            return true;
        }
    }
    return false;
}

bool known_hosts_match(const struct known_hosts *hosts, struct view host_key, uint64_t now,
                       const char *pattern)
{
    struct view text = {(const uint8_t *)pattern, strlen(pattern)};
    enum signature signature = NOT_LOOKED_AT;
    struct host host;

    if (!read_host(host_key, &host) || is_revoked(hosts, &host)) {
        return false;
    }
    for (size_t i = 0; i < hosts->count; i++) {
        const struct entry *entry = &hosts->entries[i];

        if (is_of(entry, HOST_PLAIN, &host.plain) && line_matches(entry, text)) {
            return true;
        }
        if (speaks_for(entry, &host, now) && principal_matches(entry, &host, text) &&
            is_signed(&host, &signature)) {
            return true;
        }
    }
    return false;
}
