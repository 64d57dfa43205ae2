/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KEY_FILES_H
#define AGENT_KEY_FILES_H

#include "client.h"
#include "listener.h"
#include "options.h"
#include "prompt_client.h"

/*
 * Keys from files below ~/.ssh/identities.d. The prompt finds and opens them, the keystore reads
 * them; here is who gets them, and what becomes of those that cannot be had.
 */

#define KEY_FILES_NO_PROMPT                                                                        \
    "the prompt has ended, and nobody else reads key files (restart the agent)"

/* Both stay the caller's, for good. */
void key_files_init(const struct options *options, struct listeners *all);

/*
 * Asks for the files, now and from now on; of an agent whose socket is in a directory of its own
 * (listener.h) there are none.
 */
void key_files_begin(void);

/* Has every file of the first round become a key, or a line in the log? */
bool key_files_loaded(void);

/* The prompt's messages (prompt_client.h). */
void key_files_agent(const char *name, int fd);
void key_files_key(const struct prompt_key *key);
void key_files_problem(const char *agent, const char *path, const char *problem);
void key_files_end(bool all, const char *agent);
void key_files_prompt_ended(void);

/* The agent is unlocked: files that have come meanwhile are loaded now. */
void key_files_unlocked(void);

/*
 * Loads the agent's files anew, and removes keys of files that are gone; done is then called with
 * the number of keys, or -1: the prompt has ended, and nothing was removed. Returns NULL, or why it
 * is not done: a phrase.
 */
const char *must_check key_files_reload(struct client *client, struct agent *agent,
                                        void (*done)(struct client *client, int loaded));

/* The client of a reload has gone. */
void key_files_drop(const struct client *client);

#endif
