/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

/* The list that we give is theirs without some keys. */
bool is_shorter_list(const struct exchange *x)
{
    struct wire_reader ours = wire_reader(x->ours->body, x->ours->len);
    struct wire_reader theirs = wire_reader(x->theirs->body, x->theirs->len);
    uint32_t left;
    uint32_t there;

    wire_u8(&ours);
    wire_u8(&theirs);
    left = wire_u32(&ours);
    there = wire_u32(&theirs);
    while (left > 0 && there > 0 && ours.err == OK && theirs.err == OK) {
        struct wire_reader next = ours;
        struct view blob = wire_string(&next, FRAME_MAX);
        struct view comment = wire_string(&next, FRAME_MAX);

        if (view_equal(blob, wire_string(&theirs, FRAME_MAX)) &
            view_equal(comment, wire_string(&theirs, FRAME_MAX))) {
            ours = next;
            left--;
        }
        there--;
    }
    return left == 0 && wire_end(&ours) == OK;
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

/* Is the key that is added one of the pool, as it is? */
static bool is_intact(const struct exchange *x)
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

/* Theirs refuses a certificate that is not one of the pool. */
bool is_certificate_signature(const struct exchange *x)
{
    return is_add(x) && x->request.certified && x->request.well_formed && !is_intact(x) &&
           answer_is(x->ours, MSG_SUCCESS) && answer_is(x->theirs, MSG_FAILURE);
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
    return earlier.type == MSG_ADD_CONSTRAINED && earlier.destinations && is_shorter_list(x);
}
