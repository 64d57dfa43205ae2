/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "fingerprint.h"
#include "proto.h"

#define ANSWER_HEADER 9U /* length, type, number of keys */

/*
 * In the order of the list. The hash stands beside the pointer so that a look-up among a thousand
 * keys reads memory in a row; it is keyed, since blobs are a client's.
 */
static struct {
    uint64_t hash;
    struct identity *identity;
} list[KEYS_MAX];
static size_t count;
static struct answer *answer; /* of this list; NULL after a change */
static size_t answer_len = ANSWER_HEADER;
static size_t constrained; /* identities that have constraints */
static size_t reserved;    /* bytes, for keys that are being added */

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

static void changed(void)
{
    if (answer != NULL) {
        answer_release(&answer);
    }
}

/* One allocation: the struct, then the blob, then the comment. */
static struct identity *copy(const struct identity *fields)
{
    struct identity *identity = malloc(sizeof *identity + fields->blob.len + fields->comment.len);
    uint8_t *bytes = (uint8_t *)(identity + 1);

    if (identity == NULL) {
        return NULL;
    }
    *identity = *fields;
    memcpy(bytes, fields->blob.data, fields->blob.len);
    if (fields->comment.len > 0) {
        memcpy(bytes + fields->blob.len, fields->comment.data, fields->comment.len);
    }
    identity->blob.data = bytes;
    identity->comment.data = bytes + fields->blob.len;
    return identity;
}

/* A certificate shows the fingerprint of its key, as in ssh-add -l and ssh-keygen -l. */
static void show_fingerprint(const struct public_key *key, struct identity *identity)
{
    /* Names, length words, and the two largest numbers. */
    uint8_t plain[2 * KEY_TYPE_MAX + 16 + 2 * MPINT_MAX];
    struct wire_writer w = wire_writer(plain, sizeof plain);

    if (key->is_cert) {
        put_public_key(&w, key);
    }
    fingerprint(key->is_cert ? wire_written(&w) : identity->blob, identity->fingerprint);
    fingerprint_sha256(key->is_cert ? wire_written(&w) : identity->blob, identity->sha256);
}

static void forget(struct identity *identity)
{
    answer_len -= entry_len(identity);
    constrained -= identity->constraints != NULL ? 1 : 0;
    constraints_free(&identity->constraints);
    free(identity);
}

enum err identity_put(const struct identity *fields)
{
    struct public_key key;
    enum err err = public_key_parse(fields->blob, &key);
    struct identity *identity;
    size_t i = 0;

    if (err != OK) {
        return err;
    }
    while (i < count && list[i].identity->id != fields->id) {
        i++;
    }
    identity = i < KEYS_MAX ? copy(fields) : NULL;
    if (identity == NULL) {
        return ERR_NO_MEMORY;
    }
    identity->kind = key.type->kind;
    show_fingerprint(&key, identity);
    if (i < count) {
        forget(list[i].identity);
    } else {
        count++;
    }
    list[i].identity = identity;
    list[i].hash = hash_blob(identity->blob);
    answer_len += entry_len(identity);
    constrained += identity->constraints != NULL ? 1 : 0;
    changed();
    return OK;
}

const struct identity *identity_find(struct view blob)
{
    uint64_t hash = hash_blob(blob);

    for (size_t i = 0; i < count; i++) {
        if (list[i].hash == hash && view_equal(list[i].identity->blob, blob)) {
            return list[i].identity;
        }
    }
    return NULL;
}

const struct identity *identity_find_id(uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].identity->id == id) {
            return list[i].identity;
        }
    }
    return NULL;
}

static void remove_at(size_t i)
{
    forget(list[i].identity);
    count--;
    memmove(&list[i], &list[i + 1], (count - i) * sizeof list[0]);
    changed();
}

void identity_remove(uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].identity->id == id) {
            remove_at(i);
            return;
        }
    }
}

void identity_remove_all(void)
{
    while (count > 0) {
        remove_at(count - 1);
    }
}

unsigned identity_expire(uint64_t now)
{
    unsigned expired = 0;

    for (size_t i = count; i-- > 0;) {
        if (list[i].identity->deadline != 0 && list[i].identity->deadline <= now) {
            remove_at(i);
            expired++;
        }
    }
    return expired;
}

uint64_t identity_next_deadline(void)
{
    uint64_t next = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t deadline = list[i].identity->deadline;

        if (deadline != 0 && (next == 0 || deadline < next)) {
            next = deadline;
        }
    }
    return next;
}

bool identity_reserve(size_t len)
{
    const size_t limit = 4 + FRAME_MAX;
    size_t taken = answer_len + reserved;

    if (taken > limit || len > limit - taken) {
        return false;
    }
    reserved += len;
    return true;
}

void identity_unreserve(size_t len)
{
    reserved -= len;
}

static struct answer *build(void)
{
    struct answer *fresh = malloc(sizeof *fresh + answer_len);
    struct wire_writer w;

    if (fresh == NULL) {
        return NULL;
    }
    w = wire_writer(fresh->bytes, answer_len);
    put_u32(&w, (uint32_t)answer_len - 4);
    put_u8(&w, AGENT_IDENTITIES_ANSWER);
    put_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        put_string(&w, list[i].identity->blob);
        put_string(&w, list[i].identity->comment);
    }
    fresh->users = 1;
    fresh->len = w.len;
    return fresh;
}

struct answer *identity_answer(void)
{
    if (answer == NULL) {
        answer = build();
    }
    if (answer != NULL) {
        answer->users++;
    }
    return answer;
}

struct answer *identity_answer_for(bool (*permits)(const struct identity *identity,
                                                   const void *context),
                                   const void *context)
{
    struct answer *fresh = malloc(sizeof *fresh + answer_len);
    uint32_t listed = 0;
    struct wire_writer w;

    if (fresh == NULL) {
        return NULL;
    }
    w = wire_writer(fresh->bytes, answer_len);
    put_u32(&w, 0); /* length and number, below */
    put_u8(&w, AGENT_IDENTITIES_ANSWER);
    put_u32(&w, 0);
    for (size_t i = 0; i < count; i++) {
        if (permits(list[i].identity, context)) {
            put_string(&w, list[i].identity->blob);
            put_string(&w, list[i].identity->comment);
            listed++;
        }
    }
    store_u32(fresh->bytes, (uint32_t)w.len - 4);
    store_u32(fresh->bytes + 5, listed);
    fresh->users = 1;
    fresh->len = w.len;
    return fresh;
}

const struct identity *identity_next(size_t *at)
{
    return *at < count ? list[(*at)++].identity : NULL;
}

bool identity_any_constrained(void)
{
    return constrained > 0;
}

void answer_release(struct answer **released)
{
    if (*released != NULL && --(*released)->users == 0) {
        free(*released);
    }
    *released = NULL;
}
