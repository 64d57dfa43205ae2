/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_LOCK_STATE_H
#define AGENT_LOCK_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct client;

/* The agent's picture of the keystore's lock. Keys and passphrase are the keystore's. */
bool lock_state_is_locked(void);

/* The client's guess waits no more: it has gone. */
void lock_state_drop(struct client *client);

/*
 * Starts the next unlock that waits, if its time has come at now (ms of CLOCK_BOOTTIME). Returns ms
 * until there is one to start, -1 for none.
 */
int lock_state_step(uint64_t now);

#endif
