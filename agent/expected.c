/* SPDX-License-Identifier: BSD-2-Clause */
#include "expected.h"

#include <stdlib.h>

#include "fingerprint.h"

static size_t size_of(const struct expected_key *key)
{
    return key->blob.len + key->comment.len;
}

static enum err make_key(struct view blob, struct view comment, struct expected_key *ret)
{
    uint8_t *bytes = malloc(blob.len + comment.len + 1); /* never 0 bytes */

    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(bytes, blob.data, blob.len);
    if (comment.len > 0) {
        memcpy(bytes + blob.len, comment.data, comment.len);
    }
    ret->blob = (struct view){bytes, blob.len};
    ret->comment = (struct view){bytes + blob.len, comment.len};
    fingerprint_sha256(ret->blob, ret->sha256);
    return OK;
}

static void remove_keys(struct expected *keys, size_t first, size_t count)
{
    if (count == 0) {
        return;
    }
    for (size_t i = first; i < first + count; i++) {
        keys->bytes -= size_of(&keys->list[i]);
        free((void *)keys->list[i].blob.data);
    }
    keys->count -= count;
    memmove(&keys->list[first], &keys->list[first + count],
            (keys->count - first) * sizeof keys->list[0]);
}

static void make_room(struct expected *keys, size_t size)
{
    size_t bytes = keys->bytes + size;
    size_t count = 0;

    while (keys->count - count == EXPECTED_MAX || bytes > EXPECTED_BYTES_MAX) {
        bytes -= size_of(&keys->list[count++]);
    }
    remove_keys(keys, 0, count);
}

enum err expected_put(struct expected *keys, struct view blob, struct view comment)
{
    struct expected_key key;
    enum err err;

    if (blob.len > EXPECTED_BYTES_MAX || comment.len > EXPECTED_BYTES_MAX - blob.len) {
        return ERR_TOO_BIG;
    }
    if (keys->list == NULL) {
        keys->list = calloc(EXPECTED_MAX, sizeof keys->list[0]);
    }
    err = keys->list != NULL ? make_key(blob, comment, &key) : ERR_NO_MEMORY;
    if (err != OK) {
        return err;
    }
    expected_forget(keys, key.blob); /* blob may be that one's */
    make_room(keys, size_of(&key));
    keys->list[keys->count++] = key;
    keys->bytes += size_of(&key);
    return OK;
}

const struct expected_key *expected_find(const struct expected *keys, struct view blob)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (view_equal(keys->list[i].blob, blob)) {
            return &keys->list[i];
        }
    }
    return NULL;
}

void expected_forget(struct expected *keys, struct view blob)
{
    const struct expected_key *key = expected_find(keys, blob);

    if (key != NULL) {
        remove_keys(keys, (size_t)(key - keys->list), 1);
    }
}

void expected_forget_all(struct expected *keys)
{
    remove_keys(keys, 0, keys->count);
    free(keys->list);
    *keys = (struct expected){0};
}
