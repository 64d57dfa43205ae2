/* SPDX-License-Identifier: BSD-2-Clause */
#include "key.h"

#include <stdlib.h>

#include "secret.h"
#include "sign.h"

/*
 * What libcrypto allocates for a moment while it signs; the most is 46 KB, for RSA-16384. A key
 * that leaves less than that free is not taken, or not kept ready, so that the keys that are there
 * can all go on signing.
 */
#define SIGNING_ROOM ((size_t)128 * 1024)

/* A copy on the heap that the caller owns; one byte for none, so that NULL means "no memory". */
static uint8_t *copy_public(struct view v)
{
    uint8_t *copy = malloc(v.len > 0 ? v.len : 1);

    if (copy != NULL && v.len > 0) {
        memcpy(copy, v.data, v.len);
    }
    return copy;
}

static enum err copy_blob(const struct add_request *add, struct key *key)
{
    /* Names, two length words more than any type has, and the two largest numbers. */
    uint8_t plain[2 * KEY_TYPE_MAX + 16 + 2 * MPINT_MAX];
    struct wire_writer w = wire_writer(plain, sizeof plain);
    struct view blob = add->certificate;

    if (blob.len == 0) {
        put_public_key(&w, &add->public);
        if (w.err != OK) {
            return w.err;
        }
        blob = wire_written(&w);
    }
    key->blob = copy_public(blob);
    key->blob_len = blob.len;
    return key->blob != NULL ? OK : ERR_NO_MEMORY;
}

/* Makes ready, and allocates what libcrypto keeps from the first signature on. */
static enum err sign_once(struct key *key)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer unused = wire_writer(bytes, sizeof bytes);
    enum err err = sign_prepare(key);

    if (err == OK) {
        err = sign_data(key, SIGN_RSA_SHA2_512, (struct view){key->blob, key->blob_len}, &unused);
    }
    return err;
}

/* The caller owns *ret. ERR_NO_MEMORY. */
static enum err copy_private(struct view private_part, uint8_t **ret)
{
    uint8_t *copy = secret_alloc(private_part.len + KEY_TAG_SIZE + KEY_NONCE_SIZE);

    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(copy, private_part.data, private_part.len);
    *ret = copy;
    return OK;
}

/* All but what makes it ready. */
static enum err make(const struct add_request *add, struct key **ret)
{
    struct key *key = calloc(1, sizeof *key);
    enum err err;

    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    key->type = add->public.type;
    key->confirm = add->confirm;
    err = copy_blob(add, key);
    if (err != OK) {
        goto out;
    }
    key->comment = copy_public(add->comment);
    key->comment_len = add->comment.len;
    key->private_len = add->private_part.len;
    err =
        key->comment != NULL ? copy_private(add->private_part, &key->private_part) : ERR_NO_MEMORY;
out:
    if (err == OK) {
        *ret = key;
    } else {
        key_free(&key);
    }
    return err;
}

enum err key_new(const struct add_request *add, struct key **ret)
{
    struct key *key = NULL;
    enum err err = make(add, &key);

    if (err == OK) {
        err = sign_once(key);
    }
    if (err == OK && !secret_has_room(SIGNING_ROOM)) {
        err = ERR_NO_MEMORY;
    }
    if (err == OK) {
        *ret = key;
    } else {
        key_free(&key);
    }
    return err;
}

/* What can be said of a public half without libcrypto. */
static enum err check_size(const struct public_key *public)
{
    size_t bits;

    if (public->type->kind != KEY_RSA) {
        return OK;
    }
    bits = public->n.len * 8;
    for (unsigned top = 0x80; bits > 0 && (public->n.data[0] & top) == 0; top >>= 1) {
        bits--;
    }
    return bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS ? OK : ERR_KEY_RSA_SIZE;
}

enum err key_of_file(const struct add_request *add, bool sealed, struct key **ret)
{
    struct key *key = NULL;
    enum err err = check_size(&add->public);

    if (err == OK) {
        err = make(add, &key);
    }
    if (err == OK && !secret_has_room(SIGNING_ROOM)) {
        key_free(&key);
        err = ERR_NO_MEMORY;
    }
    if (err == OK) {
        key->sealed = sealed;
        *ret = key;
    }
    return err;
}

/* Is this the public half of the key, be it plain or a certificate? */
static bool is_half_of(const struct key *key, const struct public_key *public)
{
    struct public_key own;

    return public_key_parse((struct view){key->blob, key->blob_len}, &own) == OK &&
           public_key_same(&own, public);
}

enum err key_open(struct key *key, const struct add_request *add)
{
    uint8_t *file = key->private_part;
    size_t file_len = key->private_len;
    enum err err;

    if (!is_half_of(key, &add->public)) {
        return ERR_KEY_MISMATCH;
    }
    err = copy_private(add->private_part, &key->private_part);
    if (err != OK) {
        return err;
    }
    key->private_len = add->private_part.len;
    err = sign_once(key);
    if (err == OK && !secret_has_room(SIGNING_ROOM)) {
        err = ERR_NO_MEMORY;
    }
    if (err == OK) {
        key->sealed = false;
        secret_free(file);
    } else {
        sign_forget(key);
        secret_free(key->private_part);
        key->private_part = file;
        key->private_len = file_len;
    }
    return err;
}

enum err key_sign(struct key *key, uint32_t flags, struct view data, struct wire_writer *w)
{
    bool was_ready = key->ready;
    enum err err;

    if (key->sealed) {
        return ERR_SEALED;
    }
    err = sign_data(key, flags, data, w);
    if (!was_ready && !secret_has_room(SIGNING_ROOM)) {
        sign_forget(key);
    }
    return err;
}

void key_free(struct key **key)
{
    if (*key == NULL) {
        return;
    }
    sign_forget(*key);
    secret_free((*key)->private_part);
    free((*key)->comment);
    free((*key)->blob);
    free(*key);
    *key = NULL;
}
