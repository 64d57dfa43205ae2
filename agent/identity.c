/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "fingerprint.h"
#include "proto.h"

#define ANSWER_HEADER 9U /* length, type, number of keys */
#define FIRST_CAP     16U

/*
 * The hash stands beside the pointer so that a look-up among a thousand keys reads memory in a row;
 * it is keyed, since blobs are a client's.
 */
struct identity_entry {
    uint64_t hash;
    struct identity *identity;
};

static uint64_t hash_blob(struct view blob)
{
    static uint8_t key[crypto_shorthash_KEYBYTES];
    static bool has_key;
    uint64_t hash;

    if (!has_key) {
        randombytes_buf(key, sizeof key);
        has_key = true;
    }
    static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
    crypto_shorthash((uint8_t *)&hash, blob.data, blob.len, key);
    return hash;
}

static size_t entry_len(const struct identity *identity)
{
    return 4 + identity->blob.len + 4 + identity->comment.len;
}

static size_t answer_len(const struct identities *ids)
{
    return ANSWER_HEADER + ids->entries_len;
}

static void changed(struct identities *ids)
{
    if (ids->answer != NULL) {
        answer_release(&ids->answer);
    }
}

/* One allocation: the struct, then the blob, the comment, and the path. */
static struct identity *copy(const struct identity *fields)
{
    size_t path_len = fields->path != NULL ? strlen(fields->path) + 1 : 0;
    struct identity *identity =
        malloc(sizeof *identity + fields->blob.len + fields->comment.len + path_len);
    uint8_t *bytes = (uint8_t *)(identity + 1);

    if (identity == NULL) {
        return NULL;
    }
    *identity = *fields;
    memcpy(bytes, fields->blob.data, fields->blob.len);
    identity->blob.data = bytes;
    bytes += fields->blob.len;
    if (fields->comment.len > 0) {
        memcpy(bytes, fields->comment.data, fields->comment.len);
    }
    identity->comment.data = bytes;
    bytes += fields->comment.len;
    if (path_len > 0) {
        memcpy(bytes, fields->path, path_len);
        identity->path = (const char *)bytes;
    }
    return identity;
}

/* A certificate shows the fingerprint of its key, as in ssh-add -l and ssh-keygen -l. */
static void show_fingerprint(const struct public_key *key, struct identity *identity)
{
    uint8_t plain[PLAIN_BLOB_MAX];
    struct view subject = fingerprint_subject(key, identity->blob, plain);

    fingerprint(subject, identity->fingerprint);
    fingerprint_sha256(subject, identity->sha256);
}

static void forget(struct identities *ids, struct identity *identity)
{
    ids->entries_len -= entry_len(identity);
    ids->constrained -= identity->constraints != NULL ? 1 : 0;
    constraints_free(&identity->constraints);
    free(identity);
}

/* Room for one more. */
static enum err grow(struct identities *ids)
{
    size_t cap = ids->cap > 0 ? 2 * ids->cap : FIRST_CAP;
    struct identity_entry *list;

    if (ids->count < ids->cap) {
        return OK;
    }
    if (ids->count == KEYS_MAX) {
        return ERR_TOO_MANY;
    }
    list = reallocarray(ids->list, cap, sizeof *list);
    if (list == NULL) {
        return ERR_NO_MEMORY;
    }
    ids->list = list;
    ids->cap = cap;
    return OK;
}

static size_t find_index(const struct identities *ids, uint64_t id)
{
    size_t i = 0;

    while (i < ids->count && ids->list[i].identity->id != id) {
        i++;
    }
    return i;
}

enum err identity_put(struct identities *ids, const struct identity *fields)
{
    struct public_key key;
    enum err err = public_key_parse(fields->blob, &key);
    size_t i = find_index(ids, fields->id);
    struct identity *identity;

    if (err == OK && i == ids->count) {
        err = grow(ids);
    }
    if (err != OK) {
        return err;
    }
    identity = copy(fields);
    if (identity == NULL) {
        return ERR_NO_MEMORY;
    }
    identity->kind = key.type->kind;
    show_fingerprint(&key, identity);
    if (i < ids->count) {
        forget(ids, ids->list[i].identity);
    } else {
        ids->count++;
    }
    ids->list[i].identity = identity;
    ids->list[i].hash = hash_blob(identity->blob);
    ids->entries_len += entry_len(identity);
    ids->constrained += identity->constraints != NULL ? 1 : 0;
    changed(ids);
    return OK;
}

struct identity *identity_find(const struct identities *ids, struct view blob)
{
    uint64_t hash = hash_blob(blob);

    for (size_t i = 0; i < ids->count; i++) {
        if (ids->list[i].hash == hash && view_equal(ids->list[i].identity->blob, blob)) {
            return ids->list[i].identity;
        }
    }
    return NULL;
}

struct identity *identity_find_id(const struct identities *ids, uint64_t id)
{
    size_t i = find_index(ids, id);

    return i < ids->count ? ids->list[i].identity : NULL;
}

static void remove_at(struct identities *ids, size_t i)
{
    forget(ids, ids->list[i].identity);
    ids->count--;
    memmove(&ids->list[i], &ids->list[i + 1], (ids->count - i) * sizeof ids->list[0]);
    changed(ids);
}

void identity_remove(struct identities *ids, uint64_t id)
{
    size_t i = find_index(ids, id);

    if (i < ids->count) {
        remove_at(ids, i);
    }
}

void identity_remove_all(struct identities *ids)
{
    while (ids->count > 0) {
        remove_at(ids, ids->count - 1);
    }
    changed(ids); /* of an empty list there may be an answer, too */
    free(ids->list);
    ids->list = NULL;
    ids->cap = 0;
}

unsigned identity_expire(struct identities *ids, uint64_t now)
{
    unsigned expired = 0;

    for (size_t i = ids->count; i-- > 0;) {
        if (ids->list[i].identity->deadline != 0 && ids->list[i].identity->deadline <= now) {
            remove_at(ids, i);
            expired++;
        }
    }
    return expired;
}

uint64_t identity_next_deadline(const struct identities *ids)
{
    uint64_t next = 0;

    for (size_t i = 0; i < ids->count; i++) {
        uint64_t deadline = ids->list[i].identity->deadline;

        if (deadline != 0 && (next == 0 || deadline < next)) {
            next = deadline;
        }
    }
    return next;
}

bool identity_reserve(struct identities *ids, size_t len)
{
    const size_t limit = 4 + FRAME_MAX;
    size_t taken = answer_len(ids) + ids->reserved;

    if (taken > limit || len > limit - taken) {
        return false;
    }
    ids->reserved += len;
    return true;
}

void identity_unreserve(struct identities *ids, size_t len)
{
    ids->reserved -= len;
}

static struct answer *build(const struct identities *ids)
{
    struct answer *fresh = malloc(sizeof *fresh + answer_len(ids));
    struct wire_writer w;

    if (fresh == NULL) {
        return NULL;
    }
    w = wire_writer(fresh->bytes, answer_len(ids));
    put_u32(&w, (uint32_t)answer_len(ids) - 4);
    put_u8(&w, AGENT_IDENTITIES_ANSWER);
    put_u32(&w, (uint32_t)ids->count);
    for (size_t i = 0; i < ids->count; i++) {
        put_string(&w, ids->list[i].identity->blob);
        put_string(&w, ids->list[i].identity->comment);
    }
    fresh->users = 1;
    fresh->len = w.len;
    return fresh;
}

struct answer *identity_answer(struct identities *ids)
{
    if (ids->answer == NULL) {
        ids->answer = build(ids);
    }
    if (ids->answer != NULL) {
        ids->answer->users++;
    }
    return ids->answer;
}

/* One more, if a frame has room for it. */
static void list_key(struct wire_writer *w, struct listed_key key, uint32_t *listed)
{
    if (4 + key.blob.len + 4 + key.comment.len <= w->cap - w->len) {
        put_string(w, key.blob);
        put_string(w, key.comment);
        *listed += 1;
    }
}

struct answer *
identity_answer_for(const struct identities *ids,
                    bool (*permits)(const struct identity *identity, const void *context),
                    const void *context, const struct listed_key *others, size_t others_count)
{
    const size_t cap = others_count > 0 ? 4 + FRAME_MAX : answer_len(ids);
    struct answer *fresh = malloc(sizeof *fresh + cap);
    uint32_t listed = 0;
    struct wire_writer w;

    if (fresh == NULL) {
        return NULL;
    }
    w = wire_writer(fresh->bytes, cap);
    put_u32(&w, 0); /* length and number, below */
    put_u8(&w, AGENT_IDENTITIES_ANSWER);
    put_u32(&w, 0);
    for (size_t i = 0; i < ids->count; i++) {
        const struct identity *identity = ids->list[i].identity;

        if (permits(identity, context)) {
            list_key(&w, (struct listed_key){identity->blob, identity->comment}, &listed);
        }
    }
    for (size_t i = 0; i < others_count; i++) {
        list_key(&w, others[i], &listed);
    }
    store_u32(fresh->bytes, (uint32_t)w.len - 4);
    store_u32(fresh->bytes + 5, listed);
    fresh->users = 1;
    fresh->len = w.len;
    return fresh;
}

struct identity *identity_next(const struct identities *ids, size_t *at)
{
    return *at < ids->count ? ids->list[(*at)++].identity : NULL;
}

bool identity_any_constrained(const struct identities *ids)
{
    return ids->constrained > 0;
}

void answer_release(struct answer **released)
{
    if (*released != NULL && --(*released)->users == 0) {
        free(*released);
    }
    *released = NULL;
}
