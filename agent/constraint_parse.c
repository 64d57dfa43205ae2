/* SPDX-License-Identifier: BSD-2-Clause */
#include "constraint_fields.h"

/*@
  requires view_valid(blob);
  assigns \nothing;
*/
/* A type that we do not know can be listed in known_hosts beside others; it never matches. */
static enum err check_key(struct view blob)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct view name = wire_string(&r, KEY_TYPE_MAX);
    const struct key_type *type;
    struct public_key key;
    bool is_cert;

    if (r.err != OK || name.len == 0) {
        return r.err != OK ? r.err : ERR_MALFORMED;
    }
    return key_type_find(name, &type, &is_cert) == OK ? public_key_parse(blob, &key) : OK;
}

/*@
  requires view_valid(keys) && \valid(ret_count);
  requires \separated(ret_count, keys.data + (0 .. keys.len - 1));
  assigns *ret_count;
  ensures \result == OK ==> *ret_count <= CONSTRAINT_KEYS_MAX;
  ensures \result != OK ==> *ret_count == \old(*ret_count);
*/
static enum err check_keys(struct view keys, size_t *ret_count)
{
    struct wire_reader r = wire_reader(keys.data, keys.len);
    struct view blob;
    bool authority;
    size_t count = 0;

    /*@
      loop invariant reader_valid(&r) && count <= CONSTRAINT_KEYS_MAX;
      loop assigns r, blob, authority, count;
      loop variant CONSTRAINT_KEYS_MAX - count;
    */
    while (next_key(&r, &blob, &authority)) {
        enum err err = check_key(blob);

        if (err != OK) {
            return err == ERR_TOO_BIG ? err : ERR_MALFORMED;
        }
        if (count == CONSTRAINT_KEYS_MAX) {
            return ERR_TOO_BIG;
        }
        count++;
    }
    if (r.err == OK) {
        *ret_count = count;
    }
    return r.err;
}

/* What there is of `from` and of `to`. */
struct end_fields {
    struct view user;
    struct view host;
    struct view reserved;
    struct view keys;
};

/*@
  requires reader_valid(r);
  assigns *r;
  ensures view_valid(\result.user) && view_in(\result.user, \old(r->at), \old(r->left));
  ensures view_valid(\result.host) && view_in(\result.host, \old(r->at), \old(r->left));
  ensures view_valid(\result.keys) && view_in(\result.keys, \old(r->at), \old(r->left));
*/
static struct end_fields read_end(struct wire_reader *r)
{
    struct end_fields fields;

    fields.user = wire_string(r, USER_MAX);
    fields.host = wire_string(r, HOST_MAX);
    fields.reserved = wire_string(r, FRAME_MAX);
    fields.keys = wire_rest(r);
    return fields;
}

/*@
  requires view_valid(bytes) && \valid(ret) && \valid(ret_user) && \separated(ret, ret_user);
  requires \separated(ret, bytes.data + (0 .. bytes.len - 1));
  requires \separated(ret_user, bytes.data + (0 .. bytes.len - 1));
  assigns *ret, *ret_user;
  ensures \result == OK ==> view_in(ret->host, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->keys, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(*ret_user, bytes.data, bytes.len);
  ensures \result != OK ==> *ret == \old(*ret) && *ret_user == \old(*ret_user);
*/
static enum err parse_end(struct view bytes, struct end *ret, struct view *ret_user)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct end_fields end = read_end(&r);
    size_t count = 0;
    enum err err;

    if (r.err != OK) {
        return r.err;
    }
    if (end.reserved.len > 0) {
        return ERR_CONSTRAINT;
    }
    err = check_keys(end.keys, &count);
    if (err != OK) {
        return err;
    }
    if (has_nul(end.user) || has_nul(end.host) || (end.host.len == 0) != (count == 0)) {
        return ERR_MALFORMED;
    }
    *ret = (struct end){.host = end.host, .keys = end.keys};
    *ret_user = end.user;
    return OK;
}

/*@
  requires view_valid(bytes) && \valid(ret);
  requires \separated(ret, bytes.data + (0 .. bytes.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_in(ret->from.host, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->from.keys, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->to.host, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->to.keys, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->user, bytes.data, bytes.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
static enum err parse_constraint(struct view bytes, struct constraint *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct view from = wire_string(&r, FRAME_MAX);
    struct view to = wire_string(&r, FRAME_MAX);
    struct view reserved = wire_string(&r, FRAME_MAX);
    struct constraint constraint;
    struct view no_user;
    enum err err = wire_end(&r);

    /*@ assert view_in(from, bytes.data, bytes.len) && view_in(to, bytes.data, bytes.len); */
    if (err != OK) {
        return err;
    }
    if (reserved.len > 0) {
        return ERR_CONSTRAINT;
    }
    err = parse_end(from, &constraint.from, &no_user);
    if (err != OK) {
        return err;
    }
    if (no_user.len > 0) {
        return ERR_MALFORMED;
    }
    err = parse_end(to, &constraint.to, &constraint.user);
    if (err != OK) {
        return err;
    }
    if (constraint.to.host.len == 0) {
        return ERR_MALFORMED;
    }
    *ret = constraint;
    return OK;
}

enum err constraints_count(struct view list, size_t *ret)
{
    struct wire_reader r = wire_reader(list.data, list.len);
    size_t count = 0;

    /*@
      loop invariant reader_valid(&r) && count <= CONSTRAINTS_MAX;
      loop assigns r, count;
      loop variant CONSTRAINTS_MAX - count;
    */
    while (r.err == OK && r.left > 0) {
        if (count == CONSTRAINTS_MAX) {
            return ERR_TOO_BIG;
        }
        wire_string(&r, FRAME_MAX);
        count++;
    }
    if (r.err != OK || count == 0) {
        return r.err != OK ? r.err : ERR_MALFORMED;
    }
    *ret = count;
    return OK;
}

/* The first constraint of a list and what follows it, which counts with OK alone. */
struct first {
    enum err err;
    struct constraint constraint;
    struct view rest;
};

/*@
  requires view_valid(list);
  assigns \nothing;
  ensures view_in(\result.constraint.from.host, list.data, list.len);
  ensures view_in(\result.constraint.from.keys, list.data, list.len);
  ensures view_in(\result.constraint.to.host, list.data, list.len);
  ensures view_in(\result.constraint.to.keys, list.data, list.len);
  ensures view_in(\result.constraint.user, list.data, list.len);
  ensures view_valid(\result.rest) && \result.rest.len <= list.len;
  ensures \result.rest.data == list.data + (list.len - \result.rest.len);
*/
static struct first read_first(struct view list)
{
    struct wire_reader r = wire_reader(list.data, list.len);
    struct view bytes = wire_string(&r, FRAME_MAX);
    struct constraint constraint = {0};
    enum err err = r.err == OK ? parse_constraint(bytes, &constraint) : r.err;

    return (struct first){err, constraint, {r.at, r.left}};
}

enum err constraints_read(struct view list, size_t count, struct constraint *ret)
{
    struct view rest = list;

    /*@
      loop invariant view_valid(rest) && i <= count && rest.len <= list.len;
      loop invariant rest.data == list.data + (list.len - rest.len);
      loop invariant \forall integer k; 0 <= k < i ==> constraint_in(ret[k], list.data, list.len);
      loop assigns rest, i, ret[0 .. count - 1];
      loop variant count - i;
    */
    for (size_t i = 0; i < count; i++) {
        struct first first = read_first(rest);

        if (first.err != OK) {
            return first.err;
        }
        /*@ assert constraint_in(first.constraint, list.data, list.len); */
        ret[i] = first.constraint;
        /*@ assert constraint_in(ret[i], list.data, list.len); */
        rest = first.rest;
    }
    return OK;
}
