/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_AWAIT_H
#define AGENT_AWAIT_H

#include "client.h"

/*
 * `wait-for-key`: a qube's request for a signature with a key that is not here, but that KeePassXC
 * will bring, waits for it.
 */

/*
 * Begins to wait, if the policy of the client's qube lets it, and says so on the screen; then
 * handle_sign() is called once more when the key is there, or when the time is over and
 * client->has_awaited is set. False: it is not waited for.
 */
bool await_key(struct client *client, struct view key_blob);

/* The client has gone. No effect on one that does not wait. */
void await_abandoned(struct client *client);

/* Is this key, which is not here, listed for the client? */
bool await_may_see(const struct client *client, const struct expected_key *expected);

/* A key was added to the agent. */
void await_added(struct agent *agent, struct view key_blob);

/* Ends what has waited long enough at now (ms of CLOCK_BOOTTIME); ms until the next, or -1. */
int await_step(uint64_t now);

#endif
