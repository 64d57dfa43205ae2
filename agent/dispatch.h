/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "client.h"

/* What to do with the body of a message of this type from this client. */
enum client_body dispatch_body(const struct client *client, uint8_t message);

/*
 * Handles the whole frame of a client in CLIENT_WAITING: answers it now, or when the keystore has
 * answered.
 */
void dispatch(struct client *client);

#endif
