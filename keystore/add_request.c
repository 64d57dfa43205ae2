/* SPDX-License-Identifier: BSD-2-Clause */
#include "add_request.h"

#define ED25519_SECRET_SIZE 64U /* seed and public key */

enum { CONSTRAIN_LIFETIME = 1, CONSTRAIN_CONFIRM = 2, CONSTRAIN_EXTENSION = 255 };

/* A plain key's public fields; RSA has them in another order than its blob. */
static void read_public(struct wire_reader *r, struct public_key *key)
{
    if (key->type->kind == KEY_RSA) {
        key->n = wire_mpint(r, MPINT_MAX);
        key->e = wire_mpint(r, MPINT_MAX);
    } else if (key->type->kind == KEY_ECDSA) {
        wire_public_fields(r, key);
    }
    /* ed25519's public key comes with the private fields, for a certificate too. */
}

static struct view read_private(struct wire_reader *r, struct public_key *key, bool is_cert)
{
    struct view start;
    struct view point;

    if (key->type->kind == KEY_ED25519) {
        point = wire_string(r, ED25519_PUBLIC_SIZE);
        if (r->err == OK && is_cert && !view_equal(point, key->point)) {
            r->err = ERR_KEY_MISMATCH;
        }
        key->point = point;
    }
    start = (struct view){.data = r->at, .len = r->left};
    switch (key->type->kind) {
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
        wire_mpint(r, key->type->field + 1); /* d */
        break;
    }
    start.len -= r->left;
    return start;
}

/*
 * Destination constraints are the agent's to keep, which knows who asks. Where they hold nothing,
 * what was meant can only be guessed.
 */
static void read_extension(struct wire_reader *r, struct add_request *add)
{
    struct view name = wire_string(r, FRAME_MAX);
    bool first = add->destinations.len == 0;

    if (r->err != OK) {
        return;
    }
    if (view_is(name, "restrict-destination-v00@openssh.com")) {
        add->destinations = wire_string(r, FRAME_MAX);
        if (!first || add->destinations.len == 0) {
            r->err = ERR_MALFORMED;
        }
    } else if (view_is(name, "sk-provider@openssh.com")) {
        r->err = ERR_CONSTRAINT_SK;
    } else {
        r->err = ERR_CONSTRAINT;
    }
}

/*
 * A constraint that is unknown fails the whole request: what follows it cannot be read, and a key
 * must never be held with fewer constraints than its owner asked for.
 */
static void read_constraints(struct wire_reader *r, struct add_request *add)
{
    while (r->err == OK && r->left > 0) {
        switch (wire_u8(r)) {
        case CONSTRAIN_LIFETIME:
            if (add->has_life) {
                r->err = ERR_MALFORMED;
            }
            add->life = wire_u32(r);
            add->has_life = true;
            break;
        case CONSTRAIN_CONFIRM:
            if (add->confirm) {
                r->err = ERR_MALFORMED;
            }
            add->confirm = true;
            break;
        case CONSTRAIN_EXTENSION:
            read_extension(r, add);
            break;
        default:
            r->err = ERR_CONSTRAINT;
            break;
        }
    }
}

enum err add_request_parse(struct view body, bool constrained, struct add_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct add_request add = {0};
    bool is_cert;
    enum err err;

    struct view name = wire_string(&r, KEY_TYPE_MAX);
    if (r.err != OK) {
        return r.err;
    }
    err = key_type_find(name, &add.public.type, &is_cert);
    if (err != OK) {
        return err;
    }
    if (is_cert) {
        const struct key_type *type = add.public.type;

        add.certificate = wire_string(&r, FRAME_MAX);
        if (r.err != OK) {
            return r.err;
        }
        err = public_key_parse(add.certificate, &add.public);
        if (err != OK) {
            return err;
        }
        if (add.public.type != type || !add.public.is_cert) {
            return ERR_MALFORMED;
        }
    } else {
        read_public(&r, &add.public);
    }
    add.private_part = read_private(&r, &add.public, is_cert);
    add.comment = wire_string(&r, FRAME_MAX);
    /* OpenSSH's clients read no list with such a comment in it: one key would hide all others. */
    if (add.comment.len > 0 && memchr(add.comment.data, '\0', add.comment.len) != NULL) {
        r.err = ERR_MALFORMED;
    }
    if (constrained) {
        read_constraints(&r, &add);
    }
    err = wire_end(&r);
    if (err == OK) {
        err = public_key_check_sizes(&add.public);
    }
    if (err == OK) {
        *ret = add;
    }
    return err;
}
