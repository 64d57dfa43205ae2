/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include/wire.h, include/keyblob.h, agent/proto.c and agent/certificate.c. An input is a byte that
 * chooses the decoder, a byte that it may want, and the message.
 */
#include "fuzz.h"

#include "certificate.h"
#include "proto.h"

#define MESSAGE_MAX 65536U

/* Refused bytes are one of these, and leave the result as it was. */
static void check_refused(enum err err, const void *ret, size_t size)
{
    CHECK(err == ERR_MALFORMED || err == ERR_TOO_BIG);
    CHECK(is_untouched(ret, 0xa5, size));
}

static void check_written(const struct wire_writer *w, struct view message)
{
    CHECK(w->err == OK && view_equal(wire_written(w), message));
}

static void try_sign_request(struct view body, struct wire_writer *w)
{
    struct sign_request request;
    enum err err;

    memset(&request, 0xa5, sizeof request);
    err = proto_sign_request(body, &request);
    if (err != OK) {
        check_refused(err, &request, sizeof request);
        return;
    }
    CHECK(view_inside(request.key_blob, body) && view_inside(request.data, body));
    put_string(w, request.key_blob);
    put_string(w, request.data);
    put_u32(w, request.flags);
    check_written(w, body);
}

static void try_extension(struct view body, struct wire_writer *w)
{
    struct extension extension;
    enum err err;

    memset(&extension, 0xa5, sizeof extension);
    err = proto_extension(body, &extension);
    if (err != OK) {
        check_refused(err, &extension, sizeof extension);
        return;
    }
    CHECK(view_inside(extension.name, body) && view_inside(extension.body, body));
    put_string(w, extension.name);
    put_bytes(w, extension.body.data, extension.body.len);
    check_written(w, body);
}

static void try_string(struct view body, size_t max, struct wire_writer *w)
{
    struct view string;
    enum err err;

    memset(&string, 0xa5, sizeof string);
    err = proto_string(body, max, &string);
    if (err != OK) {
        check_refused(err, &string, sizeof string);
        CHECK(err != ERR_TOO_BIG || body.len > 4 + max);
        return;
    }
    CHECK(view_inside(string, body) && string.len <= max);
    put_string(w, string);
    check_written(w, body);
}

static void try_key(struct view blob, struct wire_writer *w)
{
    struct public_key key;
    struct public_key again;
    enum err err;

    memset(&key, 0xa5, sizeof key);
    err = public_key_parse(blob, &key);
    if (err != OK) {
        CHECK(err == ERR_MALFORMED || err == ERR_TOO_BIG || err == ERR_KEY_DSA ||
              err == ERR_KEY_SK || err == ERR_KEY_TYPE || err == ERR_KEY_INVALID);
        CHECK(is_untouched(&key, 0xa5, sizeof key));
        return;
    }
    CHECK(view_inside(key.n, blob) && view_inside(key.e, blob) && view_inside(key.point, blob));
    CHECK((key.type->kind == KEY_RSA) == (key.n.len > 0 && key.e.len > 0));
    CHECK((key.type->kind == KEY_RSA) == (key.point.len == 0));
    put_public_key(w, &key);
    CHECK(key.is_cert || view_equal(wire_written(w), blob));
    CHECK(public_key_parse(wire_written(w), &again) == OK);
    CHECK(!again.is_cert && public_key_same(&key, &again));
}

static void try_certificate(struct view blob, struct wire_writer *w)
{
    struct certificate certificate;
    struct public_key key;
    enum err err;

    memset(&certificate, 0xa5, sizeof certificate);
    err = certificate_parse(blob, &certificate);
    if (err != OK) {
        CHECK(is_untouched(&certificate, 0xa5, sizeof certificate));
        return;
    }
    CHECK(public_key_parse(blob, &key) == OK && key.is_cert);
    CHECK(public_key_same(&key, &certificate.key));
    CHECK(public_key_parse(certificate.signature_key, &key) == OK && !key.is_cert);
    put_bytes(w, certificate.signed_bytes.data, certificate.signed_bytes.len);
    put_string(w, certificate.signature);
    check_written(w, blob);

    /* All that it says stands in what is signed, in this order. */
    *w = wire_writer(w->data, w->cap);
    put_u64(w, certificate.serial);
    put_u32(w, certificate.type);
    put_string(w, certificate.key_id);
    put_string(w, certificate.principals);
    put_u64(w, certificate.valid_after);
    put_u64(w, certificate.valid_before);
    put_string(w, certificate.critical_options);
    put_string(w, certificate.extensions);
    CHECK(memmem(certificate.signed_bytes.data, certificate.signed_bytes.len, w->data, w->len));
    (void)!certificate_verify(&certificate);
    CHECK(!certificate_is_for_host(&certificate, certificate.valid_before));
    CHECK(certificate.valid_after == 0 ||
          !certificate_is_for_host(&certificate, certificate.valid_after - 1));
}

/* Reads one field and writes it again. */
static void copy_field(struct wire_reader *r, struct wire_writer *w, uint8_t op)
{
    size_t max = op >> 3;
    struct view v;

    switch (op & 7) {
    case 0:
        put_u8(w, wire_u8(r));
        return;
    case 1:
        put_u32(w, wire_u32(r));
        return;
    case 2:
        put_u64(w, wire_u64(r));
        return;
    case 3:
        v = wire_bytes(r, max);
        put_bytes(w, v.data, v.len);
        return;
    case 4:
        v = wire_rest(r);
        put_bytes(w, v.data, v.len);
        return;
    case 5: /* only 0 and 1 are written again as they were */
        CHECK(r->err != OK || r->left == 0 ||
              wire_bool(&(struct wire_reader){r->at, 1, OK}) == (r->at[0] != 0));
        put_u8(w, wire_u8(r));
        return;
    case 6:
        put_string(w, wire_string(r, max));
        return;
    default:
        v = wire_mpint(r, max);
        CHECK(v.len == 0 || v.data[0] != 0);
        put_mpint(w, v);
        return;
    }
}

/* What the fields were is what is written; with less room a writer stops, and touches nothing. */
static void check_short(struct view fields, struct view whole, size_t cap)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_reader r = wire_reader(whole.data, whole.len);
    struct wire_writer w = wire_writer(bytes, cap);

    memset(bytes, 0xa5, whole.len);
    for (size_t i = 0; i < fields.len; i++) {
        copy_field(&r, &w, fields.data[i]);
    }
    CHECK(w.len <= cap && (w.err == OK || w.err == ERR_TOO_BIG));
    CHECK(memcmp(bytes, whole.data, w.len) == 0);
    CHECK(is_untouched(bytes + w.len, 0xa5, whole.len - w.len));
}

/* The message is fields, whose kinds are the bytes before it. */
static void try_fields(struct view body, size_t count, struct wire_writer *w)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view fields = wire_bytes(&r, count < body.len ? count : body.len);
    struct view message = {r.at, r.left};

    for (size_t i = 0; i < fields.len; i++) {
        struct wire_reader before = r;

        copy_field(&r, w, fields.data[i]);
        CHECK(r.left <= before.left && r.at == before.at + (before.left - r.left));
        if (r.err != OK) { /* it sticks, and nothing is read any more */
            CHECK(wire_u8(&r) == 0 && wire_u64(&r) == 0 && wire_string(&r, 9).len == 0);
            CHECK(wire_end(&r) == r.err);
            return;
        }
    }
    CHECK((wire_end(&r) == OK) == (r.left == 0));
    message.len -= r.left;
    check_written(w, message);
    check_short(fields, message, message.len > 0 ? count % message.len : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct view body;

    if (size < 2 || size > MESSAGE_MAX) {
        return 0;
    }
    body = (struct view){data + 2, size - 2};
    switch (data[0] % 7) {
    case 0:
        CHECK(proto_empty(body) == (body.len == 0 ? OK : ERR_MALFORMED));
        break;
    case 1:
        try_sign_request(body, &w);
        break;
    case 2:
        try_extension(body, &w);
        break;
    case 3:
        try_string(body, data[1], &w);
        break;
    case 4:
        try_key(body, &w);
        break;
    case 5:
        try_certificate(body, &w);
        break;
    default:
        try_fields(body, data[1], &w);
        break;
    }
    return 0;
}
