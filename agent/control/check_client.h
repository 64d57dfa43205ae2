/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of `split-ssh check` in a client qube, and what they share. */
#ifndef CONTROL_CHECK_CLIENT_H
#define CONTROL_CHECK_CLIENT_H

#include <stdbool.h>
#include <stdio.h>

#include "check.h"
#include "check_text.h"
#include "client_config.h"
#include "unix_socket.h"

#define CLIENT_AGENTS_MAX 8U /* that are looked at */

#define CLIENT_QUOTE_MAX CHECK_QUOTE_MAX(UNIX_PATH_MAX)

/* The agents of the vault for which this qube has a relay; "default" comes first. */
struct client_agents {
    unsigned count;
    struct client_agent {
        bool unit; /* systemd knows it; else there is only a socket */
        char name[CALL_AGENT_MAX + 1U];
        char socket[UNIX_PATH_MAX]; /* ~/.split-ssh/NAME.sock; empty if that is too long */
    } agent[CLIENT_AGENTS_MAX];
};

/* Those of systemd's units, and of the sockets in ~/.split-ssh. Looked up once. */
const struct client_agents *client_agents(void);

/* check_client_units.c */
void check_client_units(struct check *check);
void check_client_sockets(struct check *check);

/* check_client_session.c */
void check_client_shell(struct check *check);
void check_client_session(struct check *check);

/* check_client_leftovers.c */
void check_client_leftovers(struct check *check);

/* check_client_answer.c; the keys, for check_client_sign.c */
void check_client_answer(struct check *check);
void check_client_keys(struct check *check);

/* A key that can be asked for a signature. */
struct client_key {
    const struct client_agent *agent; /* whose it is */
    struct view blob;
    char type[KEY_TYPE_MAX + 1U];
    char comment[64]; /* clean, and maybe cut */
};

/* The first key that is no certificate, of the agents that have answered. False: there is none. */
bool client_find_key(struct client_key *ret);

/* check_client_sign.c */
void check_client_sign(struct check *check);

#endif
