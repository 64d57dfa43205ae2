/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_FILES_H
#define PROMPT_KEY_FILES_H

#include "channel.h"
#include "key_table.h"
#include "message.h"
#include "side.h"
#include "watch.h"

/*
 * What KEYS asks for, and what changes from then on. In rounds: all directories are looked through,
 * then what is new, changed or gone is sent, as far as the agent and the keystore take it. Times
 * are ms of CLOCK_BOOTTIME.
 */
struct key_files {
    struct watch watch;
    struct channel *channel;
    struct side *side;
    char *root; /* ~/.ssh/identities.d; NULL: KEYS has not come, or there is no home */
    bool asked; /* KEYS has come */
    bool all;
    char only[AGENT_NAME_MAX + 1];     /* without all: the agent */
    char sockets[PROMPT_PATH_MAX + 1]; /* directory; empty: none */
    unsigned agents;                   /* that were ever seen, with the nameless one */
    struct {
        char name[AGENT_NAME_MAX + 1];
        bool here; /* its directory, in this round */
        bool said; /* AGENT was sent */
    } agent[1 + AGENTS_MAX];
    struct key_table table;
    bool wanted; /* a round is to be begun when none is under way */
    bool under_way;
    bool first_end; /* the end of KEYS is to be said */
    bool more;      /* neither the agent nor the keystore is waited for */
    size_t next;    /* of the table */
    size_t waiting; /* RELOADs by agent, for the next round and for this one */
    struct reload {
        char name[AGENT_NAME_MAX + 1];
        unsigned next, now; /* how many ends are to be said */
    } reload[1 + AGENTS_MAX];
};

/* The channel and the side are the caller's, and stay. */
void key_files_start(struct key_files *k, struct channel *channel, struct side *side);

/* A KEYS. ERR_MALFORMED: it is the second one. ERR_NO_MEMORY. */
enum err must_check key_files_want(struct key_files *k, const struct keys_request *request);

/*
 * A RELOAD. ERR_TOO_MANY: of more agents at once than there can be. ERR_NO_MEMORY.
 */
enum err must_check key_files_reload(struct key_files *k, struct view agent);

/* The descriptor of the watch has something to read. */
void key_files_notice(struct key_files *k, uint64_t now);

/* Queues what can be sent now. ERR_NO_MEMORY: tried again at the next call. */
enum err must_check key_files_go_on(struct key_files *k, uint64_t now);

/* When key_files_go_on() has something to do though nothing happens; UINT64_MAX: never. */
uint64_t key_files_deadline(const struct key_files *k);

#endif
