/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_EXPECTED_H
#define AGENT_EXPECTED_H

#include "identity.h"

/*
 * The keys of one agent that a program in the vault has removed one by one, as KeePassXC does when
 * it locks, and that have not come back: `wait-for-key` of the policy. Public halves alone. Pure.
 *
 * What was constrained is forgotten: a key with destination constraints does not belong here.
 */
struct expected_key {
    struct view blob;             /* on the heap, with the comment behind it */
    struct view comment;          /* bytes as they came */
    char sha256[FINGERPRINT_MAX]; /* SHA256:..., for the policy */
};

/* The oldest first. All zero: none. */
struct expected {
    struct expected_key *list; /* on the heap, with room for EXPECTED_MAX */
    size_t count;
    size_t bytes; /* of all blobs and comments */
};

/*
 * The key was removed; it is the newest now, also if it was there. Copies both. The oldest ones
 * make way, so that there are EXPECTED_MAX at most and EXPECTED_BYTES_MAX bytes. ERR_TOO_BIG: it
 * alone is larger; ERR_NO_MEMORY. Then the others are as before.
 */
enum err must_check expected_put(struct expected *keys, struct view blob, struct view comment);

/* By key blob; NULL: it is not expected. Valid until the next change. */
const struct expected_key *expected_find(const struct expected *keys, struct view blob);

/* The key has come back; nothing to do if it was not expected. */
void expected_forget(struct expected *keys, struct view blob);

/* Frees everything: none is expected. */
void expected_forget_all(struct expected *keys);

#endif
