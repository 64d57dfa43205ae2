/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_AROUND_AGENT_H
#define FUZZ_AROUND_AGENT_H

#include "fuzz.h"
#include "prompt_ipc.h"

/*
 * What is around the agent in the target client: its helpers, the clock and the audit log are
 * doubles, in the same thread. Everything has a turn, one after the other.
 */

/* agent_start.c: the agent itself. 0, or 1 after a message. */
int agent_start(void);

/* One round of the agent's loop. */
void agent_turn(void);

/* No client, no key, not locked, no question: as after agent_start(). */
void agent_reset(void);

/* Forward, in ms of CLOCK_BOOTTIME. */
void clock_wait(uint64_t ms);

/* The audit log takes no line until further notice. */
void audit_fail(bool on);

/* A client has a signature: there is a line of it, as of each before it. */
void audit_signature(void);

/* Bytes on their way to the agent, of which a turn sends some. */
struct outgoing {
    int fd;
    uint8_t *bytes;
    size_t cap, len, sent;
};

/* Sends up to `most` bytes, 0 for all. False: the agent has closed it. */
bool outgoing_send(struct outgoing *out, size_t most);

/* A hash, to compare by. */
uint64_t hash_of(struct view v);

/* double_keystore.c: the other end of the keystore's socket; fd is ours from then on. */
void keystore_open(int fd);
void keystore_turn(void);
void keystore_cut(size_t most);

/* The next answer is this; later ones come after so many turns. */
void keystore_say(uint8_t err, struct view body);
void keystore_delay(unsigned turns);

/* No request is under way, and no answer. */
bool keystore_is_idle(void);
void keystore_reset(void);

/* A key's blob by its place; empty for none. Valid until the next turn. */
struct view keystore_key(size_t place);

/* A local client has sent this message: what may come of it may come. */
void keystore_expect(uint8_t message);

/* Was this the signature of that data? */
bool keystore_has_signed(struct view data, struct view signature);

/* limits.c: the destinations of each key that the keystore has told the agent of. */
void limit_add(struct view blob, struct view destinations);

/* It has lied of a key, so that nothing is known of any; until the reset. */
void limit_lose(void);
void limit_reset(void);

/* What they have been each time; empty where there were none, or others, or that is not known. */
struct view limit_of(struct view blob);

/* double_prompt.c: the same of the prompt. It answers READ at once, and RELOAD with no files. */
void prompt_open(int fd);
void prompt_turn(void);
void prompt_reset(void);

/* What the user says to the question, or the passphrase dialog, that is there, if one is. */
void prompt_say(enum prompt_verdict verdict);
void prompt_give(enum prompt_verdict verdict, uint64_t ticket, bool stored);

/* Key files, as they are sent. */
void prompt_policy(size_t number);
void prompt_key_file(uint8_t type, struct view body);

/* Has the user, or the policy, allowed this signature? */
bool prompt_allowed(struct view qube, struct view key_blob, bool confirm, struct view data);

#endif
