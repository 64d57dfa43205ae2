/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include "client.h"
#include "options.h"

/* The life that keys get by default. */
void handlers_init(const struct options *options);

/*
 * One for each message that is allowed (RFC 9987, section 3). Each answers the client, now or when
 * the keystore has answered; a body that is not the message's gets FAILURE and ends the connection.
 */
void handle_list(struct client *client);
void handle_sign(struct client *client); /* sign.c */
void handle_add(struct client *client);
void handle_remove(struct client *client);
void handle_remove_all(struct client *client);
void handle_lock(struct client *client);   /* lock_state.c */
void handle_unlock(struct client *client); /* lock_state.c */
void handle_extension(struct client *client);

/* FAILURE, a line that says what was refused and why, and the end of the connection if malformed.
 */
void handle_failure(struct client *client, const char *action, enum err err);

#endif
