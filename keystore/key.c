/* SPDX-License-Identifier: BSD-2-Clause */
#include "key.h"

#include <stdlib.h>

#include "secret.h"
#include "sign.h"

/*
 * What libcrypto allocates for a moment while it signs; the most is 46 KB, for RSA-16384. A key
 * that leaves less than that free is not taken, so that the keys that are there can all go on
 * signing.
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

enum err key_new(const struct add_request *add, struct key **ret)
{
    struct key *key = calloc(1, sizeof *key);
    enum err err = ERR_NO_MEMORY;

    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    key->type = add->public.type;
    key->confirm = add->confirm;
    err = copy_blob(add, key);
    if (err != OK) {
        goto out;
    }
    err = ERR_NO_MEMORY;
    key->comment = copy_public(add->comment);
    key->comment_len = add->comment.len;
    key->private_len = add->private_part.len;
    key->private_part = secret_alloc(key->private_len + KEY_TAG_SIZE + KEY_NONCE_SIZE);
    if (key->comment == NULL || key->private_part == NULL) {
        goto out;
    }
    memcpy(key->private_part, add->private_part.data, key->private_len);
    err = sign_once(key);
    if (err == OK && !secret_has_room(SIGNING_ROOM)) {
        err = ERR_NO_MEMORY;
    }
out:
    if (err == OK) {
        *ret = key;
    } else {
        key_free(&key);
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
