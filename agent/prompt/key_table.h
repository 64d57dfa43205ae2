/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_TABLE_H
#define PROMPT_KEY_TABLE_H

#include <sys/stat.h>
#include <time.h>

#include "key_scan.h"

/* How a file was: one that has the same now is taken for unchanged. */
struct file_mark {
    bool there;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec written, changed;
};

/* What is known of a path below ~/.ssh/identities.d. */
struct known_key {
    unsigned agent;
    char *path;
    const char *problem;      /* of the listing; NULL: it may be a key */
    struct file_mark mark[4]; /* itself, public half, certificate, options */
    bool sent;                /* the agent got a KEY for it */
    bool due;                 /* is new or was changed: to be sent, or its problem said */
    bool gone;
};

/* Ordered by path; of the heap. */
struct key_table {
    size_t count;
    struct known_key *keys;
};

/*
 * Takes in what is there now: marks what is due, and what is gone. Empties the listing, which is
 * sorted. One that was cut says nothing about what is gone. ERR_NO_MEMORY: nothing was changed.
 */
enum err must_check key_table_update(struct key_table *t, struct key_listing *l);

/* As if each file of this agent was new; what is gone of it is forgotten. */
void key_table_renew(struct key_table *t, unsigned agent);

/* Forgets what is gone, when that was said. */
void key_table_sweep(struct key_table *t);

#endif
