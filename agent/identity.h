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
    bool sealed;                       /* its file has a passphrase, which was not needed yet */
    bool stale;                        /* being reloaded: its file was not seen again yet */
    const char *path;                  /* of its file, on the heap as the blob; NULL: none */
    struct view blob;                  /* on the heap, with the identity */
    struct view comment;               /* bytes as they came */
    char fingerprint[FINGERPRINT_MAX]; /* with the hash of -E, for log lines */
    char sha256[FINGERPRINT_MAX];      /* SHA256:..., for the policy and the audit log */
    struct constraints *constraints;   /* destinations; NULL for none */
};

struct identity_entry;

/* The keys of one agent, in the order in which they were added. All zero: none. */
struct identities {
    struct identity_entry *list; /* on the heap */
    size_t count;
    size_t cap;
    struct answer *answer; /* of this list; NULL after a change */
    size_t entries_len;    /* bytes of the keys in an answer */
    size_t constrained;    /* identities that have constraints */
    size_t reserved;       /* bytes, for keys that are being added */
};

/* A whole answer, length word and all, that several connections may be sending at once. */
struct answer {
    unsigned users;
    size_t len; /* bytes */
    uint8_t bytes[];
};

/*
 * An identity with these fields at the end of the list, or in the place of the one with the same
 * id; copies what it is given, but takes constraints over. ERR_NO_MEMORY, ERR_TOO_MANY (KEYS_MAX):
 * the list is as before.
 * Blobs that do not parse are refused with public_key_parse()'s errors.
 */
enum err must_check identity_put(struct identities *ids, const struct identity *fields);

/* By key blob, by id; NULL if there is none. Valid until the next change of the list. */
struct identity *identity_find(const struct identities *ids, struct view blob);
struct identity *identity_find_id(const struct identities *ids, uint64_t id);

void identity_remove(struct identities *ids, uint64_t id);
void identity_remove_all(struct identities *ids);

/* Removes all with deadline <= now (ms of CLOCK_BOOTTIME); returns how many. */
unsigned identity_expire(struct identities *ids, uint64_t now);

/* The earliest deadline; 0 if there is none. */
uint64_t identity_next_deadline(const struct identities *ids);

/*
 * Keeps room in the list's answer for what an ADD message of len bytes may put there, until
 * identity_unreserve(). False: the answer could become longer than a frame may be.
 */
bool identity_reserve(struct identities *ids, size_t len);
void identity_unreserve(struct identities *ids, size_t len);

/*
 * IDENTITIES_ANSWER (RFC 9987, section 3.5), in the order in which keys were added. Made once for
 * each change of the list; the caller gives it back with answer_release(). NULL: no memory.
 */
struct answer *identity_answer(struct identities *ids);

struct listed_key {
    struct view blob, comment;
};

/*
 * The same, of those for which permits() says so, and for this caller alone; then the others, as
 * far as a frame has room.
 */
struct answer *
identity_answer_for(const struct identities *ids,
                    bool (*permits)(const struct identity *identity, const void *context),
                    const void *context, const struct listed_key *others, size_t others_count);

/* The next identity of the list after index *at, which is advanced; NULL at the end. */
struct identity *identity_next(const struct identities *ids, size_t *at);

/* Has any of them destination constraints? */
bool identity_any_constrained(const struct identities *ids);

void answer_release(struct answer **released);

#endif
