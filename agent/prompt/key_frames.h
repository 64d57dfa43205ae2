/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_FRAMES_H
#define PROMPT_KEY_FRAMES_H

#include "channel.h"
#include "key_options.h"

/* AGENT, and a descriptor unless it is -1, which is closed in any case. ERR_NO_MEMORY. */
enum err must_check key_frames_agent(struct channel *c, const char *agent, int fd);

/* KEY, made but not queued; NULL: no memory. *ret_writer is what channel_queue() wants. */
struct frame *key_frames_key(uint64_t ticket, const char *agent, const char *path,
                             const struct key_options *options, struct wire_writer *ret_writer);

/* KEY_PROBLEM; the texts are cut to what one may have. Without memory it is logged. */
void key_frames_problem(struct channel *c, const char *agent, const char *path, const char *why);

/* KEYS_END. ERR_NO_MEMORY. */
enum err must_check key_frames_end(struct channel *c, bool all, const char *agent);

#endif
