/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_FILES_H
#define PROMPT_FILES_H

#include "channel.h"
#include "file_list.h"
#include "watch.h"

/*
 * What READ asks for, and again after each change. One file is in memory at a time: the next is
 * read when the agent has taken the last. Times are ms of CLOCK_BOOTTIME.
 */
struct files {
    struct watch watch;
    uint8_t name[PROMPT_PATH_MAX + 1]; /* of the agent's known_hosts */
    size_t name_len;
    bool wanted;  /* a round is to be begun when none is under way */
    bool sending; /* list holds a round, next what comes next of it */
    size_t next;
    struct file_list list;
};

void files_start(struct files *f);

/* A READ. ERR_TOO_BIG: the name is longer than a path. */
enum err must_check files_want(struct files *f, struct view known_hosts);

/* The descriptor of the watch has something to read. */
void files_notice(struct files *f, uint64_t now);

/*
 * Queues the next frame if there is one and the channel is idle. ERR_NO_MEMORY: tried again at the
 * next call.
 */
enum err must_check files_go_on(struct files *f, struct channel *c, uint64_t now);

/* When files_go_on() has something to do though nothing happens; UINT64_MAX: never. */
uint64_t files_deadline(const struct files *f);

#endif
