/* SPDX-License-Identifier: BSD-2-Clause */
#include "hops.h"

#include <stdio.h>
#include <stdlib.h>

#include "keyblob.h"
#include "log.h"

#define HOP_SHOWN  96U /* bytes of a hop in a message, with the NUL */
#define HOST_SHOWN 64U

struct hop {
    struct view text;
    struct view from; /* empty: where the agent is */
    struct view user; /* empty: any */
    struct view to;
};

static enum err refuse(char *why, enum err err, const struct hop *hop, const char *text)
{
    char shown[HOP_SHOWN];

    log_clean(shown, sizeof shown, hop->text.data, hop->text.len);
    snprintf(why, HOPS_WHY_MAX, "-h \"%s\": %s", shown, text);
    return err;
}

/* Cuts off all up to the first such character, and the character. False: there is none. */
static bool cut(struct view *text, char c, struct view *ret_before)
{
    const uint8_t *found = text->len > 0 ? memchr(text->data, c, text->len) : NULL;

    if (found == NULL) {
        return false;
    }
    *ret_before = (struct view){text->data, (size_t)(found - text->data)};
    text->data += ret_before->len + 1;
    text->len -= ret_before->len + 1;
    return true;
}

static bool has(struct view text, char c)
{
    return text.len > 0 && memchr(text.data, c, text.len) != NULL;
}

static enum err read_hop(struct view text, struct hop *ret, char *why)
{
    struct hop hop = {.text = text, .to = text};
    bool has_from = cut(&hop.to, '>', &hop.from);

    (void)cut(&hop.to, '@', &hop.user);
    if (has(hop.from, '@')) {
        return refuse(why, ERR_MALFORMED, &hop, "a user can stand behind the > only");
    }
    if (hop.to.len == 0 || (has_from && hop.from.len == 0)) {
        return refuse(why, ERR_MALFORMED, &hop,
                      "a host is missing; it is [USER@]HOST or HOST>[USER@]HOST");
    }
    if (has(text, '\0') || has(hop.user, '>') || has(hop.to, '>') || has(hop.to, '@')) {
        return refuse(why, ERR_MALFORMED, &hop, "it is not [USER@]HOST or HOST>[USER@]HOST");
    }
    if (hop.user.len > USER_MAX || hop.from.len > HOST_MAX || hop.to.len > HOST_MAX) {
        return refuse(why, ERR_TOO_BIG, &hop, "longer than any name of a user or a host");
    }
    *ret = hop;
    return OK;
}

/* A string whose inside is written after this, up to put_string_end(). */
static size_t put_string_start(struct wire_writer *w)
{
    put_u32(w, 0);
    return w->len;
}

static void put_string_end(struct wire_writer *w, size_t start)
{
    if (w->err == OK) {
        store_u32(w->data + start - 4, (uint32_t)(w->len - start));
    }
}

/* The keyspecs of a host; returns how many. Keys of a type that nobody can verify never match. */
static size_t put_keys(struct wire_writer *w, const struct known_hosts *hosts, struct view host)
{
    struct public_key parsed;
    struct view key;
    bool authority;
    size_t count = 0;
    size_t at = 0;

    while (known_hosts_next_key(hosts, host, &at, &key, &authority)) {
        if (public_key_parse(key, &parsed) == OK) {
            put_string(w, key);
            put_u8(w, authority);
            count++;
        }
    }
    return count;
}

static enum err put_end(struct wire_writer *w, const struct known_hosts *hosts,
                        const struct hop *hop, struct view user, struct view host, char *why)
{
    size_t start = put_string_start(w);
    char text[HOPS_WHY_MAX - HOP_SHOWN];
    char shown[HOST_SHOWN];
    size_t keys;

    put_string(w, user);
    put_string(w, host);
    put_text(w, ""); /* reserved */
    keys = host.len > 0 ? put_keys(w, hosts, host) : 1;
    put_string_end(w, start);
    if (keys > 0 && keys <= CONSTRAINT_KEYS_MAX) {
        return OK;
    }
    log_clean(shown, sizeof shown, host.data, host.len);
    if (keys == 0) {
        snprintf(text, sizeof text,
                 "no host keys found for %s in known_hosts; copy its lines to the vault's "
                 "~/.ssh/known_hosts (the host at another port is called [HOST]:PORT)",
                 shown);
        return refuse(why, ERR_NOT_FOUND, hop, text);
    }
    snprintf(text, sizeof text, "known_hosts has more than %u host keys for %s",
             CONSTRAINT_KEYS_MAX, shown);
    return refuse(why, ERR_TOO_BIG, hop, text);
}

static enum err put_hop(struct wire_writer *w, const struct known_hosts *hosts, struct view text,
                        char *why)
{
    size_t start = put_string_start(w);
    struct hop hop = {0};
    enum err err = read_hop(text, &hop, why);

    if (err == OK) {
        err = put_end(w, hosts, &hop, (struct view){0}, hop.from, why);
    }
    if (err == OK) {
        err = put_end(w, hosts, &hop, hop.user, hop.to, why);
    }
    put_text(w, ""); /* reserved */
    put_string_end(w, start);
    return err == OK && w->err != OK
               ? refuse(why, w->err, &hop, "the hosts of all -h together have too many keys")
               : err;
}

static enum err make(const struct view *hops, size_t count, const struct known_hosts *hosts,
                     struct wire_writer *w, struct constraints **ret, char *why)
{
    enum err err = OK;

    for (size_t i = 0; i < count && err == OK; i++) {
        err = put_hop(w, hosts, hops[i], why);
    }
    if (err == OK) {
        err = constraints_parse(wire_written(w), ret);
        snprintf(why, HOPS_WHY_MAX, "-h: %s", err_text(err));
    }
    return err;
}

enum err hops_constraints(const struct view *hops, size_t count, const struct known_hosts *hosts,
                          struct constraints **ret, char *why)
{
    struct wire_writer w;
    uint8_t *bytes;
    enum err err;

    if (count == 0) {
        *ret = NULL;
        return OK;
    }
    if (count > CONSTRAINTS_MAX) {
        snprintf(why, HOPS_WHY_MAX, "more than %u times -h", CONSTRAINTS_MAX);
        return ERR_TOO_BIG;
    }
    bytes = malloc(FRAME_MAX);
    if (bytes == NULL) {
        snprintf(why, HOPS_WHY_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    w = wire_writer(bytes, FRAME_MAX);
    err = make(hops, count, hosts, &w, ret, why);
    free(bytes);
    return err;
}
