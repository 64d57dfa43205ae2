/* SPDX-License-Identifier: BSD-2-Clause */
#include "add_request.h"

#define ED25519_SECRET_SIZE 64U /* seed and public key */

enum { CONSTRAIN_LIFETIME = 1, CONSTRAIN_CONFIRM = 2, CONSTRAIN_EXTENSION = 255 };

/*@
  requires reader_valid(r) && key_type_valid(type);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures key_in(\result, \old(r->at), \old(r->left)) && key_valid(\result);
  ensures \result.type == type;
*/
/* In another order than a blob has them. */
static struct public_key read_rsa(struct wire_reader *r, const struct key_type *type)
{
    struct public_key key = {.type = type};

    key.n = wire_mpint(r, MPINT_MAX);
    key.e = wire_mpint(r, MPINT_MAX);
    return key;
}

/*@
  requires reader_valid(r) && key_type_valid(type);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures key_in(\result, \old(r->at), \old(r->left)) && key_valid(\result);
  ensures \result.type == type;
*/
static struct public_key read_fields(struct wire_reader *r, const struct key_type *type)
{
    struct public_key key = {.type = type};

    wire_public_fields(r, &key);
    return key;
}

/*@
  requires view_valid(certificate) && \valid(err);
  requires \separated(err, certificate.data + (0 .. certificate.len - 1));
  assigns *err;
  ensures key_in(\result, certificate.data, certificate.len) && key_valid(\result);
  ensures *err == OK ==> \result.type == type;
  ensures \old(*err) != OK ==> *err == \old(*err);
*/
/* The key inside, which is to have this type. Errors stick. */
static struct public_key certified_key(struct view certificate, const struct key_type *type,
                                       enum err *err)
{
    struct public_key key = {0};

    if (*err == OK) {
        *err = public_key_parse(certificate, &key);
    }
    if (*err == OK && (key.type != type || !key.is_cert)) {
        *err = ERR_MALFORMED;
    }
    return key;
}

/*@
  requires reader_valid(r) && view_valid(point);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
*/
/* ed25519's public half comes once more after its certificate. */
static void read_point_again(struct wire_reader *r, struct view point)
{
    struct view again = wire_string(r, ED25519_PUBLIC_SIZE);

    if (r->err == OK && !view_equal(again, point)) {
        r->err = ERR_KEY_MISMATCH;
    }
}

/*@
  requires reader_valid(r) && key_type_valid(type);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_in(\result, \old(r->at), \old(r->left));
*/
static struct view read_private(struct wire_reader *r, const struct key_type *type)
{
    struct view part = {.data = r->at, .len = r->left};

    switch (type->kind) {
    case KEY_ED25519:
        if (wire_string(r, ED25519_SECRET_SIZE).len != ED25519_SECRET_SIZE && r->err == OK) {
            r->err = ERR_KEY_INVALID;
        }
        break;
    case KEY_RSA:
        wire_mpint(r, MPINT_MAX); /* d */
        wire_mpint(r, MPINT_MAX); /* iqmp */
        wire_mpint(r, MPINT_MAX); /* p */
        wire_mpint(r, MPINT_MAX); /* q */
        break;
    case KEY_ECDSA:
        wire_mpint(r, type->field + 1); /* d */
        break;
    }
    part.len -= r->left;
    return part;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures add_in(\result, \old(r->at), \old(r->left)) && key_valid(\result.public);
  ensures r->err == OK ==> key_type_valid(\result.public.type);
*/
static struct add_request read_key(struct wire_reader *r)
{
    struct add_request add = {0};
    struct view name = wire_string(r, KEY_TYPE_MAX);
    const struct key_type *type;
    bool is_cert;

    if (r->err == OK) {
        r->err = key_type_find(name, &type, &is_cert);
    }
    if (r->err != OK) {
        return add;
    }
    if (is_cert) {
        add.certificate = wire_string(r, FRAME_MAX);
        add.public = certified_key(add.certificate, type, &r->err);
        if (type->kind == KEY_ED25519) {
            read_point_again(r, add.public.point);
        }
    } else {
        add.public = type->kind == KEY_RSA ? read_rsa(r, type) : read_fields(r, type);
    }
    add.private_part = read_private(r, type);
    return add;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_in(\result, \old(r->at), \old(r->left));
*/
/* OpenSSH's clients read no list with a NUL in a comment: one key would hide all others. */
static struct view read_comment(struct wire_reader *r)
{
    struct view comment = wire_string(r, FRAME_MAX);

    if (comment.len > 0 && memchr(comment.data, '\0', comment.len) != NULL) {
        r->err = ERR_MALFORMED;
    }
    return comment;
}

/*@
  requires view_valid(name);
  assigns \nothing;
  ensures \result != OK;
*/
static enum err other_constraint(struct view name)
{
    return view_is(name, "sk-provider@openssh.com") ? ERR_CONSTRAINT_SK : ERR_CONSTRAINT;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_in(\result, \old(r->at), \old(r->left));
  ensures r->err == OK ==> \result.len > 0;
*/
/*
 * Destination constraints are the agent's to keep, which knows who asks. Where they hold nothing,
 * what was meant can only be guessed.
 */
static struct view read_destinations(struct wire_reader *r)
{
    struct view name = wire_string(r, FRAME_MAX);
    struct view destinations = {0};

    if (r->err != OK) {
        return destinations;
    }
    if (view_is(name, "restrict-destination-v00@openssh.com")) {
        destinations = wire_string(r, FRAME_MAX);
        if (destinations.len == 0) {
            r->err = ERR_MALFORMED;
        }
    } else {
        r->err = other_constraint(name);
    }
    return destinations;
}

/* Of struct add_request, each at most once. */
struct constraints {
    bool has_life;
    uint32_t life;
    bool confirm;
    struct view destinations;
};

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_in(\result.destinations, \old(r->at), \old(r->left));
*/
/*
 * A constraint that is unknown fails the whole request: what follows it cannot be read, and a key
 * must never be held with fewer constraints than its owner asked for.
 */
static struct constraints read_constraints(struct wire_reader *r)
{
    struct constraints found = {0};
    bool again = false;

    /*@
      loop invariant reader_valid(r) && reader_moved{Pre, Here}(r);
      loop invariant view_in(found.destinations, \at(r->at, Pre), \at(r->left, Pre));
      loop assigns r->at, r->left, r->err, found, again;
      loop variant r->err != OK ? 0 : 1 + (found.has_life ? 0 : 1) + (found.confirm ? 0 : 1) +
        (found.destinations.len > 0 ? 0 : 1);
    */
    while (r->err == OK && r->left > 0) {
        switch (wire_u8(r)) {
        case CONSTRAIN_LIFETIME:
            again = found.has_life;
            found.life = wire_u32(r);
            found.has_life = true;
            break;
        case CONSTRAIN_CONFIRM:
            again = found.confirm;
            found.confirm = true;
            break;
        case CONSTRAIN_EXTENSION:
            again = found.destinations.len > 0;
            found.destinations = read_destinations(r);
            break;
        default:
            r->err = ERR_CONSTRAINT;
            break;
        }
        if (r->err == OK && again) {
            r->err = ERR_MALFORMED;
        }
    }
    return found;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r);
  ensures add_in(\result, \old(r->at), \old(r->left)) && key_valid(\result.public);
  ensures r->err == OK ==> key_type_valid(\result.public.type);
*/
static struct add_request read_all(struct wire_reader *r, bool constrained)
{
    struct add_request add = read_key(r);
    struct constraints found = {0};

    add.comment = read_comment(r);
    if (constrained) {
        found = read_constraints(r);
    }
    add.has_life = found.has_life;
    add.life = found.life;
    add.confirm = found.confirm;
    add.destinations = found.destinations;
    return add;
}

enum err add_request_parse(struct view body, bool constrained, struct add_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct add_request add = read_all(&r, constrained);
    enum err err = wire_end(&r);

    if (err == OK) {
        err = public_key_check_sizes(&add.public);
    }
    if (err == OK) {
        *ret = add;
    }
    return err;
}
