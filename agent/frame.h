/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_FRAME_H
#define AGENT_FRAME_H

#include "client.h"

/*
 * Reads from a client until one frame is whole, and hands it to dispatch(); or until there is
 * nothing to read. True if there was a frame. Malformed bytes end the connection.
 */
bool frame_step(struct client *client);

/* Wipes and gives back the memory of a client's body, if it has any. */
void frame_release(struct client *client);

/* A client that waits for an intake buffer does not any more. */
void frame_unpark(struct client *client);

/*
 * While somebody waits for an intake buffer, nobody may hold one with half a frame for longer than
 * INTAKE_STALL_MS. Closes who does; returns ms until the next look, -1 for never.
 */
int frame_expire(uint64_t now);

#endif
