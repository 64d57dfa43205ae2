/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

/* Our list is theirs without some keys; if there is a blob, without its key alone. */
static bool is_list_without(const struct exchange *x, const struct view *only)
{
    struct wire_reader ours = wire_reader(x->ours->body, x->ours->len);
    struct wire_reader theirs = wire_reader(x->theirs->body, x->theirs->len);
    uint32_t missing;
    uint32_t count;

    wire_u8(&ours);
    wire_u8(&theirs);
    count = wire_u32(&ours);
    missing = wire_u32(&theirs) - count;
    while (theirs.err == OK && theirs.left > 0) {
        struct wire_reader next = ours;
        struct view blob = wire_string(&theirs, FRAME_MAX);
        struct view comment = wire_string(&theirs, FRAME_MAX);

        if (ours.left > 0 && view_equal(wire_string(&next, FRAME_MAX), blob) &&
            view_equal(wire_string(&next, FRAME_MAX), comment)) {
            ours = next;
        } else if (only == NULL || view_equal(blob, *only)) {
            missing--;
        } else {
            return false;
        }
    }
    return theirs.err == OK && missing == 0 && wire_end(&ours) == OK;
}

bool is_shorter_list(const struct exchange *x)
{
    return is_list_without(x, NULL);
}

bool list_has(const struct answer *list, struct view blob)
{
    struct wire_reader r = wire_reader(list->body, list->len);
    bool has = false;

    if (!answer_is(list, MSG_LIST_ANSWER)) {
        return false;
    }
    wire_u8(&r);
    wire_u32(&r);
    while (!has && r.err == OK && r.left > 0) {
        has = view_equal(wire_string(&r, FRAME_MAX), blob);
        wire_string(&r, FRAME_MAX); /* comment */
    }
    return has;
}

/* We refuse to add a key that could be read. */
static bool only_they_add(const struct exchange *x)
{
    return is_add(x) && x->request.has_fields && only_they(x, MSG_SUCCESS);
}

static bool starts_with(struct view bytes, struct view start)
{
    return start.len > 0 && bytes.len >= start.len &&
           memcmp(bytes.data, start.data, start.len) == 0;
}

bool is_intact(const struct exchange *x)
{
    struct view fields = {x->body.data + 1, x->body.len - 1};

    for (unsigned i = 0; i < KEYS; i++) {
        const struct pool_key *key = pool_get((enum key_name)i);

        if (starts_with(fields, key->fields) || starts_with(fields, key->certified_fields)) {
            return true;
        }
    }
    return false;
}

bool is_key_dsa(const struct exchange *x)
{
    return only_they_add(x) && view_is(x->request.name, "ssh-dss");
}

bool is_key_sk(const struct exchange *x)
{
    return only_they_add(x) && x->request.name.len > 3 &&
           memcmp(x->request.name.data, "sk-", 3) == 0;
}

bool is_key_rsa_short(const struct exchange *x)
{
    struct wire_reader r = wire_reader(x->request.blob.data, x->request.blob.len);

    if (!only_they_add(x) || !view_is(wire_string(&r, FRAME_MAX), "ssh-rsa")) {
        return false;
    }
    wire_mpint(&r, FRAME_MAX);
    return wire_mpint(&r, FRAME_MAX).len < RSA_MIN_BITS / 8;
}

bool is_key_halves(const struct exchange *x)
{
    return only_they_add(x) && x->request.well_formed && !is_intact(x);
}

/* Is this a certificate of this key, with its private half behind it? */
static bool is_certified(const struct pool_key *key, struct view fields)
{
    struct wire_reader r = wire_reader(fields.data, fields.len);
    struct wire_reader intact = wire_reader(key->certified_fields.data, key->certified_fields.len);
    struct wire_reader public = wire_reader(key->blob.data, key->blob.len);
    struct wire_reader certificate;
    struct view blob;

    if (!view_equal(wire_string(&r, KEY_TYPE_MAX), wire_string(&intact, KEY_TYPE_MAX))) {
        return false;
    }
    blob = wire_string(&r, FRAME_MAX);
    wire_string(&intact, FRAME_MAX);
    certificate = wire_reader(blob.data, blob.len);
    wire_string(&certificate, KEY_TYPE_MAX);
    wire_string(&certificate, FRAME_MAX); /* nonce */
    wire_string(&public, KEY_TYPE_MAX);
    return starts_with(wire_rest(&certificate), wire_rest(&public)) &&
           starts_with(wire_rest(&r), wire_rest(&intact));
}

/* Theirs refuses a certificate that is not one of the pool, though its key is. */
bool is_certificate_signature(const struct exchange *x)
{
    const struct view fields = {x->body.data + 1, x->body.len - 1};

    if (!is_add(x) || !x->request.certified || !x->request.well_formed ||
        x->request.unknown_constraint || is_intact(x) || !answer_is(x->ours, MSG_SUCCESS) ||
        !answer_is(x->theirs, MSG_FAILURE)) {
        return false;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        if (is_certified(pool_get((enum key_name)i), fields)) {
            return true;
        }
    }
    return false;
}

/* Theirs takes one NUL, at the end. */
bool is_comment_nul(const struct exchange *x)
{
    struct view comment = x->request.comment;

    return only_they_add(x) && comment.len > 0 && comment.data[comment.len - 1] == '\0';
}

bool is_destinations_none(const struct exchange *x)
{
    return only_they_add(x) && x->request.no_destinations;
}

static bool is_pool_host(struct view blob)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        if (view_equal(blob, pick_host_blob(i))) {
            return true;
        }
    }
    return view_equal(blob, pool_get(AUTHORITY)->blob);
}

/* Of an end of a hop. */
static bool has_other_key(struct view end)
{
    struct wire_reader r = wire_reader(end.data, end.len);

    wire_string(&r, FRAME_MAX); /* user */
    wire_string(&r, FRAME_MAX); /* host */
    wire_string(&r, FRAME_MAX); /* reserved */
    while (r.err == OK && r.left > 0) {
        struct view blob = wire_string(&r, FRAME_MAX);

        wire_bool(&r);
        if (r.err == OK && !is_pool_host(blob)) {
            return true;
        }
    }
    return false;
}

/* A host key of a constraint is not one of the pool. */
bool is_destination_key(const struct exchange *x)
{
    struct wire_reader list = wire_reader(x->request.hops.data, x->request.hops.len);

    if (!is_add(x) || !answer_is(x->ours, MSG_SUCCESS) || !answer_is(x->theirs, MSG_FAILURE)) {
        return false;
    }
    while (list.err == OK && list.left > 0) {
        struct view hop = wire_string(&list, FRAME_MAX);
        struct wire_reader r = wire_reader(hop.data, hop.len);
        struct view from = wire_string(&r, FRAME_MAX);

        if (has_other_key(from) || has_other_key(wire_string(&r, FRAME_MAX))) {
            return true;
        }
    }
    return false;
}

/* The look behind a refused ADD does not find the key that was there before. */
bool is_added_again_lost(const struct exchange *x)
{
    struct request earlier;

    if (x->earlier.len == 0 || !answer_is(x->ours, MSG_LIST_ANSWER) ||
        !answer_is(x->theirs, MSG_LIST_ANSWER)) {
        return false;
    }
    earlier = request_read(x->earlier);
    return earlier.type == MSG_ADD_CONSTRAINED && earlier.destinations &&
           is_list_without(x, &earlier.blob);
}
