/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include/purpose.h: what is to be signed. An input is a SIGN_REQUEST's body. What is recognised is
 * written once more, field by field, and must give the bytes that are signed: nobody can show the
 * user one thing and have another one signed.
 */
#include "fuzz.h"

#include "proto.h"
#include "purpose.h"

#define HOSTBOUND      "publickey-hostbound-v00@openssh.com"
#define NEIGHBOURS_MAX 2048U

static void check_views(const struct purpose *purpose, struct view data)
{
    CHECK(view_inside(purpose->session_id, data) && view_inside(purpose->user, data));
    CHECK(view_inside(purpose->algorithm, data) && view_inside(purpose->host_key, data));
    CHECK(view_inside(purpose->name_space, data) && view_inside(purpose->hash_algorithm, data));
}

static void put_login(struct wire_writer *w, const struct purpose *purpose, struct view blob)
{
    put_string(w, purpose->session_id);
    put_u8(w, 50);
    put_string(w, purpose->user);
    put_text(w, "ssh-connection");
    put_text(w, purpose->host_key.len > 0 ? HOSTBOUND : "publickey");
    put_u8(w, 1);
    put_string(w, purpose->algorithm);
    put_string(w, blob);
    if (purpose->host_key.len > 0) {
        put_string(w, purpose->host_key);
    }
}

/* The blob of a login, which follows the algorithm. */
static struct view blob_of(const struct purpose *purpose, struct view data)
{
    const uint8_t *at = purpose->algorithm.data + purpose->algorithm.len;
    struct wire_reader r = wire_reader(at, data.len - (size_t)(at - data.data));

    return wire_string(&r, FRAME_MAX);
}

static void check_login(const struct purpose *purpose, struct view data, struct view key_blob,
                        struct wire_writer *w)
{
    struct view blob = blob_of(purpose, data);
    struct public_key named;
    struct public_key key;

    put_login(w, purpose, blob);
    CHECK(w->err == OK && view_equal(wire_written(w), data));
    CHECK(purpose->session_id.len >= 1 && purpose->session_id.len <= SESSION_ID_MAX);
    CHECK(purpose->user.len <= USER_MAX && purpose->host_key.len <= HOST_KEY_MAX);
    CHECK(purpose->name_space.len == 0 && purpose->hash_algorithm.len == 0);
    CHECK(purpose->other_blob == !view_equal(blob, key_blob));
    CHECK(public_key_parse(blob, &named) == OK);
    CHECK(!purpose->other_blob || public_key_parse(key_blob, &key) == OK);
    CHECK(!purpose->other_blob || public_key_same(&named, &key));
}

static void check_sshsig(const struct purpose *purpose, struct view data, struct wire_writer *w)
{
    size_t size = view_is(purpose->hash_algorithm, "sha512") ? 64 : 32;

    CHECK(data.len > size);
    put_bytes(w, "SSHSIG", 6);
    put_string(w, purpose->name_space);
    put_text(w, "");
    put_string(w, purpose->hash_algorithm);
    put_string(w, (struct view){data.data + data.len - size, size});
    CHECK(w->err == OK && view_equal(wire_written(w), data));
    CHECK(purpose->name_space.len >= 1 && purpose->name_space.len <= NAMESPACE_MAX);
    CHECK(size == 64 || view_is(purpose->hash_algorithm, "sha256"));
    CHECK(purpose->session_id.len == 0 && purpose->user.len == 0 && purpose->algorithm.len == 0);
    CHECK(purpose->host_key.len == 0 && !purpose->other_blob);
}

static void check_opaque(const struct purpose *purpose)
{
    static const struct purpose opaque;

    CHECK(purpose->kind == PURPOSE_OPAQUE && opaque.kind == PURPOSE_OPAQUE);
    CHECK(purpose->session_id.len == 0 && purpose->user.len == 0 && purpose->host_key.len == 0);
    CHECK(purpose->name_space.len == 0 && purpose->hash_algorithm.len == 0);
}

/* Returns whether the data is something; then it is just that. */
static bool check(struct view data, struct view key_blob)
{
    static uint8_t bytes[FRAME_MAX + 1];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct purpose purpose = purpose_parse(data, key_blob);

    check_views(&purpose, data);
    if (purpose.kind == PURPOSE_OPAQUE) {
        check_opaque(&purpose);
        return false;
    }
    if (purpose.kind == PURPOSE_LOGIN) {
        check_login(&purpose, data, key_blob, &w);
    } else {
        check_sshsig(&purpose, data, &w);
    }
    put_u8(&w, 0); /* a byte more */
    CHECK(purpose_parse(wire_written(&w), key_blob).kind == PURPOSE_OPAQUE);
    CHECK(purpose_parse((struct view){data.data, data.len - 1}, key_blob).kind == PURPOSE_OPAQUE);
    return true;
}

/* The same with a bit of each byte changed: what it says then is what is signed then. */
static void check_neighbours(struct view data, struct view key_blob)
{
    struct view copy = view_copy(data);
    uint8_t *bytes = (uint8_t *)copy.data;

    for (size_t i = 0; i < copy.len; i++) {
        uint8_t bit = (uint8_t)(1U << (i + copy.len) % 8);

        bytes[i] ^= bit;
        (void)check(copy, key_blob);
        bytes[i] ^= bit;
    }
    view_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sign_request request;
    struct view signs;

    if (proto_sign_request((struct view){data, size}, &request) != OK) {
        return 0;
    }
    signs = view_copy(request.data);
    if (check(signs, request.key_blob) && size < NEIGHBOURS_MAX) {
        check_neighbours(signs, request.key_blob);
    }
    view_free(&signs);
    return 0;
}
