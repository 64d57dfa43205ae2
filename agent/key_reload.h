/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KEY_RELOAD_H
#define AGENT_KEY_RELOAD_H

#include "client.h"

/* `split-ssh reload`: the key files of one agent are read as if they were new. One at a time. */

#define KEY_RELOAD_NO_PROMPT                                                                       \
    "the prompt has ended, and nobody else reads key files (restart the agent)"

/*
 * Loads the agent's files anew, and removes keys of files that are gone; done is then called with
 * the number of keys, or -1: the prompt has ended, and nothing was removed. Returns NULL, or why it
 * is not done: a phrase.
 */
const char *must_check key_reload(struct client *client, struct agent *agent,
                                  void (*done)(struct client *client, int loaded));

/* The client of a reload has gone. */
void key_reload_drop(const struct client *client);

/* For key_files.c: the prompt has sent all files of the agent (NULL: of one that is not here). */
void key_reload_round_ended(const struct agent *agent);

/* ... a file has become keys, or none; ... the prompt has ended. */
void key_reload_step(void);
void key_reload_prompt_ended(void);

#endif
