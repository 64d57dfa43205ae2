/* SPDX-License-Identifier: BSD-2-Clause */
#include "known_hosts_fields.h"

/* Has a line before this one brought the same key for the same name? */
static bool is_repeated(const struct known_hosts *hosts, const struct entry *entry,
                        struct view name)
{
    for (const struct entry *before = hosts->entries; before != entry; before++) {
        if (before->number == entry->number && before->marker == entry->marker &&
            view_equal(entry_key(before), entry_key(entry)) &&
            host_names_match(&before->names, name)) {
            return true;
        }
    }
    return false;
}

bool known_hosts_next_key(const struct known_hosts *hosts, struct view name, size_t *at,
                          struct view *ret_key, bool *ret_authority)
{
    while (*at < hosts->count) {
        const struct entry *entry = &hosts->entries[(*at)++];

        if (host_names_match(&entry->names, name) && !is_repeated(hosts, entry, name) &&
            !known_hosts_is_revoked(hosts, entry_key(entry))) {
            *ret_key = entry_key(entry);
            *ret_authority = entry->marker == HOST_AUTHORITY;
            return true;
        }
    }
    return false;
}
