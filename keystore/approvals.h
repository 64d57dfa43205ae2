/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_APPROVALS_H
#define KEYSTORE_APPROVALS_H

#include "approval.h"
#include "limits.h"

/*
 * What the user has allowed (approval.h): which approvals were used, and what may be repeated for a
 * while. Pure: the time is passed in. All times are in ms of CLOCK_BOOTTIME and never go back.
 */

/* An APPROVAL_WHILE that is in force, or an approval that is held for a key that is sealed. */
struct grant {
    uint64_t expiry; /* not after now: the place is free */
    uint64_t key;    /* serial of one addition of a key: it ends with that, whatever ends it */
    uint8_t qube[QUBE_NAME_MAX];
    size_t qube_len;                  /* bytes */
    uint8_t what[APPROVAL_HASH_SIZE]; /* hash of the scope, or of the data */
};

struct used_approval {
    uint64_t expiry; /* as above */
    uint8_t mac[APPROVAL_MAC_SIZE];
};

/* Zeroed but for the key, to begin with. */
struct approvals {
    const uint8_t *token_key; /* APPROVAL_KEY_SIZE bytes that the prompt has too; borrowed */
    struct grant grants[GRANTS_MAX];
    struct grant held[APPROVALS_HELD_MAX];
    struct used_approval used[APPROVALS_USED_MAX];
};

/*
 * OK if a grant is in force for this key, given by its serial, and for the subject's qube and
 * scope; else ERR_CONFIRM.
 */
enum err must_check approvals_remembered(struct approvals *approvals, uint64_t key,
                                         const struct approval_subject *subject, uint64_t now);

/*
 * Takes an approval for the signature that is about to be made, which may only be made after OK. It
 * counts as used then, even where no signature comes of it; one that allows more than one becomes a
 * grant, and where there are GRANTS_MAX, that one makes way which ends first. ERR_APPROVAL: its MAC
 * is not for this subject, it is over, was used before, would be good for longer than any may be,
 * or APPROVALS_USED_MAX are used and not over; nothing has changed then. The subject's qube has at
 * most QUBE_NAME_MAX bytes.
 */
enum err must_check approvals_use(struct approvals *approvals, const struct approval *approval,
                                  uint64_t key, const struct approval_subject *subject,
                                  uint64_t now);

/*
 * Keeps what approvals_use() has just taken, for a key that is sealed: for one signature of the
 * same data for the same qube, within APPROVAL_HELD_MS. Where APPROVALS_HELD_MAX are kept, that one
 * makes way which ends first. The subject's qube has at most QUBE_NAME_MAX bytes.
 */
void approvals_hold(struct approvals *approvals, uint64_t key,
                    const struct approval_subject *subject, uint64_t now);

/*
 * OK if an approval is held for this key, data and qube, which is over with that if `take`; else
 * ERR_CONFIRM.
 */
enum err must_check approvals_held(struct approvals *approvals, uint64_t key,
                                   const struct approval_subject *subject, uint64_t now, bool take);

/* Ends what is granted and held for this qube, or for all where it is NULL. Used stays used. */
void approvals_revoke(struct approvals *approvals, const struct view *qube);

#endif
