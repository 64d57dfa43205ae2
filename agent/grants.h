/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_GRANTS_H
#define AGENT_GRANTS_H

#include "limits.h"
#include "wire.h"

#define GRANT_SCOPE_SIZE 32U
#define GRANT_TEXT_MAX   768U /* bytes: a user name, the names of a host, and words */

/*
 * What the user allowed for a while: a qube may use a key for a destination, or an SSHSIG
 * namespace. For a key that was added with ssh-add -c the keystore remembers it too, and it is the
 * keystore that decides (approval.h); this is then the agent's note of it.
 */
struct grant {
    char qube[QUBE_NAME_MAX + 1]; /* "" for programs in the vault */
    uint64_t key;                 /* the keystore's id */
    uint8_t scope[GRANT_SCOPE_SIZE];
    uint64_t expiry;           /* ms of CLOCK_BOOTTIME */
    bool in_keystore;          /* the keystore remembers it */
    char what[GRANT_TEXT_MAX]; /* for people: "log in as git to github.com" */
};

/* Puts it in the place of one that is the same but for its expiry; drops the oldest of GRANTS_MAX.
 */
void grants_add(const struct grant *grant);

/* Is there one that is in force at now? */
bool grants_has(const char *qube, uint64_t key, const uint8_t scope[GRANT_SCOPE_SIZE],
                bool in_keystore, uint64_t now);

/* Ends those of a key; of a qube; all. Returns how many were in force. */
unsigned grants_drop_key(uint64_t key);
unsigned grants_drop_qube(const char *qube);
unsigned grants_drop_all(void);

/* The next one in force after index *at, which is advanced; NULL at the end. Start with 0. */
const struct grant *grants_next(size_t *at, uint64_t now);

#endif
