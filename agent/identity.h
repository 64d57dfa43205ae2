/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "constraint.h"
#include "keyblob.h"

#define FINGERPRINT_MAX 64U

/* The public side of a key in the keystore. */
struct identity {
    uint64_t id; /* the keystore's (ipc.h) */
    enum key_kind kind;
    uint64_t deadline; /* ms of CLOCK_BOOTTIME; 0 for none */
    bool confirm;
    struct view blob;                  /* on the heap, with the identity */
    struct view comment;               /* bytes as they came */
    char fingerprint[FINGERPRINT_MAX]; /* with the hash of -E, for log lines */
    char sha256[FINGERPRINT_MAX];      /* SHA256:..., for the policy and the audit log */
    struct constraints *constraints;   /* destinations; NULL for none */
};

/* A whole answer, length word and all, that several connections may be sending at once. */
struct answer {
    unsigned users;
    size_t len; /* bytes */
    uint8_t bytes[];
};

/*
 * An identity with these fields at the end of the list, or in the place of the one with the same
 * id; copies what it is given, but takes constraints over. ERR_NO_MEMORY: the list is as before.
 * Blobs that do not parse are refused with public_key_parse()'s errors.
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

/* The same, of those for which permits() says so, and for this caller alone. */
struct answer *identity_answer_for(bool (*permits)(const struct identity *identity,
                                                   const void *context),
                                   const void *context);

/* The next identity of the list after index *at, which is advanced; NULL at the end. */
const struct identity *identity_next(size_t *at);

/* Has any of them destination constraints? */
bool identity_any_constrained(void);

void answer_release(struct answer **released);

#endif
