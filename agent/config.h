/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "policy.h"

/*
 * The policy and the known hosts that are in force. The prompt reads the files, so the agent needs
 * no right to read any.
 */

/* Reads all of it through the prompt, which was started. ERR_*: the reason was reported. */
enum err must_check config_load(void);

/* SIGHUP: asks for the files again. What is wrong with them is reported, and the old ones stay. */
void config_reload(void);

/* One of the prompt's files, and the end of them (prompt_client.h). */
void config_file(enum prompt_file kind, const char *path, struct view content);
void config_files(const char *policy_problem, const char *hosts_problem);

/* Never NULL after config_load(). */
const struct policy *config_policy(void);
const struct known_hosts *config_known_hosts(void);

/* What was wrong with the policy's files when they were read last; "" for nothing. */
const char *config_fault(void);

void config_free(void);

#endif
