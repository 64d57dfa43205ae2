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

/* Are files read at all? */
bool key_files_are_read(void);

/* Is a file of this agent still on its way into the keystore? */
bool key_files_under_way(const struct agent *agent);

#endif
