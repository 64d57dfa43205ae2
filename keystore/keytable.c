/* SPDX-License-Identifier: BSD-2-Clause */
#include "keytable.h"

#include <assert.h>

/*
 * An id is its slot and, above it, a count that never repeats: a look-up is one comparison, and the
 * id of a key that is gone never means another one.
 */
#define SLOT_BITS 16U
#define SLOT_MASK ((1U << SLOT_BITS) - 1U)

static_assert(KEYS_MAX <= SLOT_MASK + 1U, "a slot number has to fit into an id");

static struct key *slots[KEYS_MAX];
static uint64_t count;         /* of additions */
static uint64_t next_deadline; /* no key's time is over before; 0: no key has one */

static size_t find_slot(const struct key *key)
{
    size_t free_slot = KEYS_MAX;

    for (size_t i = 0; i < KEYS_MAX; i++) {
        if (slots[i] == NULL) {
            free_slot = free_slot == KEYS_MAX ? i : free_slot;
        } else if (slots[i]->agent == key->agent && slots[i]->blob_len == key->blob_len &&
                   memcmp(slots[i]->blob, key->blob, key->blob_len) == 0) {
            return i;
        }
    }
    return free_slot;
}

enum err keytable_put(struct key **key, struct key **ret)
{
    size_t slot = find_slot(*key);

    if (slot == KEYS_MAX) {
        return ERR_TOO_MANY;
    }
    (*key)->serial = ++count;
    if (slots[slot] != NULL) {
        (*key)->id = slots[slot]->id;
        key_free(&slots[slot]);
    } else {
        (*key)->id = count << SLOT_BITS | slot;
    }
    slots[slot] = *key;
    if ((*key)->deadline != 0 && (next_deadline == 0 || (*key)->deadline < next_deadline)) {
        next_deadline = (*key)->deadline;
    }
    *ret = *key;
    *key = NULL;
    return OK;
}

struct key *keytable_find(uint64_t id)
{
    size_t slot = id & SLOT_MASK;

    if (slot >= KEYS_MAX || slots[slot] == NULL || slots[slot]->id != id) {
        return NULL;
    }
    return slots[slot];
}

enum err keytable_remove(uint64_t id)
{
    if (keytable_find(id) == NULL) {
        return ERR_NOT_FOUND;
    }
    key_free(&slots[id & SLOT_MASK]);
    return OK;
}

void keytable_clear_agent(uint32_t agent)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        if (slots[i] != NULL && slots[i]->agent == agent) {
            key_free(&slots[i]);
        }
    }
}

void keytable_clear(void)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        key_free(&slots[i]);
    }
}

void keytable_expire(uint64_t now)
{
    if (next_deadline == 0 || now < next_deadline) {
        return;
    }
    next_deadline = 0;
    for (size_t i = 0; i < KEYS_MAX; i++) {
        if (slots[i] == NULL || slots[i]->deadline == 0) {
            continue;
        }
        if (slots[i]->deadline <= now) {
            key_free(&slots[i]);
        } else if (next_deadline == 0 || slots[i]->deadline < next_deadline) {
            next_deadline = slots[i]->deadline;
        }
    }
}

struct key *keytable_next(size_t *slot)
{
    while (*slot < KEYS_MAX) {
        struct key *key = slots[(*slot)++];

        if (key != NULL) {
            return key;
        }
    }
    return NULL;
}
