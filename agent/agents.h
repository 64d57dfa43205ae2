/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_AGENTS_H
#define AGENT_AGENTS_H

#include "expected.h"
#include "identity.h"
#include "limits.h"

/*
 * The agents that this process serves: the one that a call without an argument gets, and one for
 * each directory in ~/.ssh/identities.d. Each has keys of its own and sees no other's. They are
 * made and stay until the end.
 */
struct agent {
    uint32_t number;               /* the keystore's (ipc.h) */
    char name[AGENT_NAME_MAX + 1]; /* "" for the default one, unless the process has a name (-n) */
    struct identities identities;
    struct expected expected; /* keys that KeePassXC will bring back */
};

/* Makes the first one, with this name (-n) or "". ERR_NO_MEMORY. */
enum err must_check agents_init(const char *name);

struct agent *agents_first(void);

/* The next of all, after one, or the first after NULL; NULL at the end. */
struct agent *agents_next(const struct agent *agent);

/*
 * By the argument of a call: "" is the first one, and so is "default" if that has no name; NULL if
 * there is none.
 */
struct agent *agents_find(const char *argument);

/* The one of this name, made if there is none. NULL: AGENTS_MAX, or no memory. */
struct agent *agents_make(const char *name);

/* For people: its name, or "default". */
const char *agent_label(const struct agent *agent);

/* The key with the keystore's id, and its agent; NULL if there is none. */
struct identity *agents_find_key(uint64_t id, struct agent **ret_agent);

/* Over all agents: as identity_expire() and identity_next_deadline(). */
unsigned agents_expire(uint64_t now);
uint64_t agents_next_deadline(void);

/* At the end of the program. */
void agents_free(void);

#endif
