/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYTABLE_H
#define KEYSTORE_KEYTABLE_H

#include "key.h"

/* All keys of the process. The table owns what is in it. */

/*
 * Takes the key over and gives it an id, or the id of the key of the same agent and with the same
 * blob, which it replaces, and a new serial. *key becomes NULL and *ret points into the table, on
 * success. ERR_TOO_MANY at KEYS_MAX keys: *key stays the caller's.
 */
enum err must_check keytable_put(struct key **key, struct key **ret);

/* The key with this id, NULL if there is none. It stays the table's. */
struct key *keytable_find(uint64_t id);

/* Wipes and frees one key; ERR_NOT_FOUND. */
enum err must_check keytable_remove(uint64_t id);

/* Wipes and frees all keys of one agent. */
void keytable_clear_agent(uint32_t agent);

/* Wipes and frees all keys. */
void keytable_clear(void);

/* Wipes and frees each key whose deadline is not after now (ms of CLOCK_BOOTTIME). */
void keytable_expire(uint64_t now);

/* The next key after a slot number, which is advanced; NULL at the end. Start with 0. */
struct key *keytable_next(size_t *slot);

#endif
