/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_SCAN_H
#define PROMPT_KEY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"
#include "wire.h"

#define KEY_SUFFIX_PUBLIC      ".pub"
#define KEY_SUFFIX_CERTIFICATE "-cert.pub"
#define KEY_SUFFIX_OPTIONS     ".ssh-add-option"

/* A file that may be a private key, or something that is wrong. */
struct key_entry {
    unsigned agent;      /* the caller's number of the agent that it belongs to */
    char *path;          /* of the heap */
    const char *problem; /* why it is none, without a full stop, stays; NULL: it may be one */
};

/* What directories hold; all is of the heap. */
struct key_listing {
    size_t count, cap;
    struct key_entry *entries;
    size_t agents_count, agents_cap;
    char **agents; /* names of directories */
    size_t links_count, links_cap;
    char **links; /* paths of symbolic links that are followed */
    bool cut;     /* there are more than KEY_FILES_MAX, or some could not be read */
};

/* Is this a name of an agent: [A-Za-z0-9][A-Za-z0-9_.-]*, at most AGENT_NAME_MAX bytes? Pure. */
bool agent_name_ok(struct view name);

/*
 * Adds to a listing the names of agents that have a directory in root, or just of the one called
 * `only` unless that is NULL; and a problem for each directory that cannot be an agent's. A hidden
 * one is none. Links are followed. ERR_NO_MEMORY.
 */
enum err must_check key_scan_agents(struct key_listing *l, const char *root, const char *only);

/*
 * Adds what may be a key in a directory: files that are not hidden and whose names do not say that
 * they stand beside one. A directory that is missing is empty. ERR_NO_MEMORY.
 */
enum err must_check key_scan_files(struct key_listing *l, const char *directory, unsigned agent);

/* Adds a problem of path, which is copied; a string that stays. ERR_NO_MEMORY. */
enum err must_check key_scan_problem(struct key_listing *l, unsigned agent, const char *path,
                                     const char *problem);

/* By the bytes of their names; agents and paths. */
void key_scan_sort(struct key_listing *l);

void key_scan_free(struct key_listing *l);

#endif
