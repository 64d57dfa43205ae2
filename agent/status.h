/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "client.h"

/*
 * The extensions of split-ssh(1) (control_ipc.h). Each answers the client with a text for people,
 * or with one that says what was wrong; a body that is not the extension's gets FAILURE and ends
 * the connection.
 */
void status_status(struct client *client, struct view body);
void status_check(struct client *client, struct view body);
void status_grants(struct client *client, struct view body);
void status_revoke(struct client *client, struct view body);
void status_policy_test(struct client *client, struct view body);
void status_list(struct client *client, struct view body);
void status_reload(struct client *client, struct view body);

#endif
