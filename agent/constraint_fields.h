/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CONSTRAINT_FIELDS_H
#define AGENT_CONSTRAINT_FIELDS_H

/* The inside of struct constraints, for constraint.c and constraint_permit.c alone. */
#include "constraint.h"

/* One end of a hop. */
struct end {
    struct view host; /* empty: where the agent is */
    struct view keys; /* keyspecs, which were looked at when they came */
};

struct constraint {
    struct end from;
    struct end to;
    char *user; /* a pattern, on the heap; NULL: any */
};

struct constraints {
    uint8_t *bytes; /* what the views point into */
    size_t count;
    struct constraint list[];
};

/* The next keyspec. False: there is no more. */
static inline bool next_key(struct wire_reader *r, struct view *ret_blob, bool *ret_authority)
{
    if (r->err != OK || r->left == 0) {
        return false;
    }
    *ret_blob = wire_string(r, HOST_KEY_MAX);
    *ret_authority = wire_bool(r);
    return r->err == OK;
}

static inline bool has_nul(struct view text)
{
    return text.len > 0 && memchr(text.data, '\0', text.len) != NULL;
}

#endif
