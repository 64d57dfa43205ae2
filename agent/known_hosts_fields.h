/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KNOWN_HOSTS_FIELDS_H
#define AGENT_KNOWN_HOSTS_FIELDS_H

/* The inside of struct known_hosts, for known_hosts.c and known_hosts_keys.c alone. */
#include "known_hosts.h"
#include "known_hosts_line.h"

/* A host's key is sought among all of these: a number to compare first makes that cheap. */
struct entry {
    uint64_t number; /* of the key */
    uint8_t *bytes;  /* the key, then the list of names; on the heap */
    size_t key_len;
    enum host_marker marker;
    struct host_names names;
};

struct known_hosts {
    struct entry *entries;
    size_t count;
    size_t cap;
};

static inline struct view entry_key(const struct entry *entry)
{
    return (struct view){entry->bytes, entry->key_len};
}

#endif
