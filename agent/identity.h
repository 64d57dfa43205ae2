/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "keyblob.h"

#define FINGERPRINT_MAX 64U

/* The public side of a key in the keystore. */
struct identity {
    uint64_t id; /* the keystore's (ipc.h) */
    enum key_kind kind;
    uint64_t deadline; /* ms of CLOCK_BOOTTIME; 0 for none */
    bool confirm;
    struct view blob;    /* on the heap, with the identity */
    struct view comment; /* bytes as they came */
    char fingerprint[FINGERPRINT_MAX];
};

/* A whole answer, length word and all, that several connections may be sending at once. */
struct answer {
    unsigned users;
    size_t len; /* bytes */
    uint8_t bytes[];
};

/*
 * An identity with these fields at the end of the list, or in the place of the one with the same
 * id; copies what it is given. ERR_NO_MEMORY: the list is as before. Blobs that do not parse are
 * refused with public_key_parse()'s errors.
 */
enum err must_check identity_put(const struct identity *fields);

/* By key blob, by id; NULL if there is none. Valid until the next change of the list. */
const struct identity *identity_find(struct view blob);
const struct identity *identity_find_id(uint64_t id);

void identity_remove(uint64_t id);
void identity_remove_all(void);

/* Removes all with deadline <= now (ms of CLOCK_BOOTTIME); returns how many. */
unsigned identity_expire(uint64_t now);

/* The earliest deadline; 0 if there is none. */
uint64_t identity_next_deadline(void);

/*
 * Keeps room in the list's answer for what an ADD message of len bytes may put there, until
 * identity_unreserve(). False: the answer could become longer than a frame may be.
 */
bool identity_reserve(size_t len);
void identity_unreserve(size_t len);

/*
 * IDENTITIES_ANSWER (RFC 9987, section 3.5), in the order in which keys were added. Made once for
 * each change of the list; the caller gives it back with answer_release(). NULL: no memory.
 */
struct answer *identity_answer(void);

void answer_release(struct answer **released);

#endif
