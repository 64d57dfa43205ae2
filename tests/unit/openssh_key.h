/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private keys as ssh-keygen writes them (OpenSSH's PROTOCOL.key), and the ADD_IDENTITY messages
 * that ssh-add would make of them (RFC 9987, section 3.2).
 */
#ifndef SPLIT_SSH_TESTS_OPENSSH_KEY_H
#define SPLIT_SSH_TESTS_OPENSSH_KEY_H

#include "keygen.h"

/* Places of the fields in file and message. */
enum { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_FIELDS };
enum { ECDSA_CURVE, ECDSA_POINT, ECDSA_D, ECDSA_FIELDS };
enum { ED25519_PUBLIC, ED25519_SECRET, ED25519_FIELDS };

#define KEY_FIELDS_MAX 6

/* Fields are the contents of strings and mpints as they stand in the file. */
struct openssh_key {
    struct view bytes; /* what the views point into; the key's own */
    struct view type;
    struct view blob;
    struct view comment;
    struct view field[KEY_FIELDS_MAX];
    size_t fields;
};

static inline size_t openssh_key_fields(struct view type)
{
    if (view_is(type, "ssh-rsa")) {
        return RSA_FIELDS;
    }
    return view_is(type, "ssh-ed25519") ? ED25519_FIELDS : ECDSA_FIELDS;
}

static inline void openssh_key_parse(struct view bytes, struct openssh_key *ret)
{
    static const char magic[] = "openssh-key-v1";
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct view inner;

    *ret = (struct openssh_key){.bytes = bytes};
    assert_view_equal(wire_bytes(&r, sizeof magic),
                      ((struct view){(const uint8_t *)magic, sizeof magic}));
    assert_view_is(wire_string(&r, 100), "none"); /* cipher */
    assert_view_is(wire_string(&r, 100), "none"); /* key derivation */
    assert_int_equal(wire_string(&r, 100).len, 0);
    assert_int_equal(wire_u32(&r), 1);
    ret->blob = wire_string(&r, SIZE_MAX);
    inner = wire_string(&r, SIZE_MAX);
    assert_int_equal(wire_end(&r), OK);

    r = wire_reader(inner.data, inner.len);
    assert_int_equal(wire_u32(&r), wire_u32(&r)); /* the same random number twice */
    ret->type = wire_string(&r, 100);
    ret->fields = openssh_key_fields(ret->type);
    for (size_t i = 0; i < ret->fields; i++) {
        ret->field[i] = wire_string(&r, SIZE_MAX);
    }
    ret->comment = wire_string(&r, SIZE_MAX);
    assert_int_equal(r.err, OK); /* padding follows */
}

/* The key of a file; the caller frees it. */
static inline void openssh_key_read(const char *file, struct openssh_key *ret)
{
    openssh_key_parse(keygen_armored(file), ret);
}

static inline void openssh_key_free(struct openssh_key *key)
{
    view_free(&key->bytes);
    *key = (struct openssh_key){0};
}

/* ADD_IDENTITY after its type byte, up to and with the comment. */
static inline void put_add(struct wire_writer *w, const struct openssh_key *key,
                           struct view comment)
{
    put_string(w, key->type);
    for (size_t i = 0; i < key->fields; i++) {
        put_string(w, key->field[i]);
    }
    put_string(w, comment);
}

/* The same with a certificate: it takes the place of the public fields. */
static inline void put_add_certificate(struct wire_writer *w, const struct openssh_key *key,
                                       struct view certificate, struct view comment)
{
    struct wire_reader r = wire_reader(certificate.data, certificate.len);
    size_t first_private = 0; /* ed25519's public key is there too */

    if (key->fields == RSA_FIELDS) {
        first_private = RSA_D;
    } else if (key->fields == ECDSA_FIELDS) {
        first_private = ECDSA_D;
    }
    put_string(w, wire_string(&r, 100)); /* the certificate's type */
    put_string(w, certificate);
    for (size_t i = first_private; i < key->fields; i++) {
        put_string(w, key->field[i]);
    }
    put_string(w, comment);
}

#endif
