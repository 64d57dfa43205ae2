/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CONSTRAINT_FIELDS_H
#define AGENT_CONSTRAINT_FIELDS_H

/* The inside of struct constraints, for constraint*.c alone. */
#include "constraint.h"

/* One end of a hop. */
struct end {
    struct view host; /* empty: where the agent is */
    struct view keys; /* keyspecs, which were looked at when they came */
};

struct constraint {
    struct end from;
    struct end to;
    struct view user; /* a pattern; empty: any */
};

struct constraints {
    uint8_t *bytes; /* what the views point into */
    size_t count;
    struct constraint list[];
};

/*@
  predicate end_in(struct end e, uint8_t *data, integer len) =
    view_in(e.host, data, len) && view_in(e.keys, data, len);

  predicate constraint_in(struct constraint c, uint8_t *data, integer len) =
    end_in(c.from, data, len) && end_in(c.to, data, len) && view_in(c.user, data, len);
*/

/*@
  requires view_valid(list) && \valid(ret) && \separated(ret, list.data + (0 .. list.len - 1));
  assigns *ret;
  ensures \result == OK ==> 0 < *ret <= CONSTRAINTS_MAX;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* How many constraints a list has. ERR_MALFORMED, also for none; ERR_TOO_BIG. */
enum err must_check constraints_count(struct view list, size_t *ret);

/*@
  requires view_valid(list) && \valid(ret + (0 .. count - 1));
  requires \separated(ret + (0 .. count - 1), list.data + (0 .. list.len - 1));
  assigns ret[0 .. count - 1];
  ensures \result == OK ==> \forall integer i; 0 <= i < count ==> constraint_in(ret[i], list.data,
  list.len);
*/
/*
 * Reads them; count is constraints_count()'s. Views point into list. Errors as
 * constraints_parse()'s without ERR_NO_MEMORY, and then what is in ret is nothing.
 */
enum err must_check constraints_read(struct view list, size_t count, struct constraint *ret);

/*@
  requires reader_valid(r) && \valid(ret_blob) && \valid(ret_authority);
  requires \separated(r, ret_blob, ret_authority);
  requires \separated(ret_blob, r->at + (0 .. r->left - 1));
  requires \separated(ret_authority, r->at + (0 .. r->left - 1));
  assigns *r, *ret_blob, *ret_authority;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures \result ==> view_valid(*ret_blob) && view_in(*ret_blob, \old(r->at), \old(r->left));
  ensures \result ==> ret_blob->len <= HOST_KEY_MAX;
*/
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

/*@
  requires view_valid(text);
  assigns \nothing;
*/
static inline bool has_nul(struct view text)
{
    /*@
      loop invariant i <= text.len;
      loop assigns i;
      loop variant text.len - i;
    */
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0') {
            return true;
        }
    }
    return false;
}

#endif
