/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_UNSEAL_H
#define AGENT_UNSEAL_H

#include "prompt_client.h"
#include "use.h"

/*
 * Passphrases of key files: a use that the keystore answered with ERR_SEALED waits here until its
 * key is open, or cannot be opened. One passphrase is fetched at a time.
 */

/*
 * The use waits; sign_unsealed() or sign_not_unsealed() follow. NULL, or why it may not: a phrase
 * for the log.
 */
const char *unseal_wait(struct use *use);

/* The use waits no more: its client has gone. No effect on one that does not. */
void unseal_drop(struct use *use);

/* Opens all sealed keys, one after the other, which no use waits for: `unlock = start`. */
void unseal_all(void);

/* The prompt's and the keystore's answers. */
void unseal_secret(uint32_t answered, const struct prompt_secret *secret);
void unseal_done(uint64_t id, enum err err);
void unseal_prompt_ended(void);

/*
 * Closes the dialog if its key is gone, the agent is locked, or the prompt does not answer at now
 * (ms of CLOCK_BOOTTIME); ms until then, -1 for never. In each round of the loop.
 */
int unseal_step(uint64_t now);

#endif
