/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of keystore/: the arena and libcrypto in it, keys made of ssh-keygen's files. Memory
 * that only the arena points to looks leaked to LSan, so everything is freed.
 */
#ifndef SPLIT_SSH_TESTS_HELD_KEYS_H
#define SPLIT_SSH_TESTS_HELD_KEYS_H

#include <openssl/err.h>

#include "key.h"
#include "libcrypto.h"
#include "secret.h"
#include "sign.h"
#include "signing.h"

#define ADD_MESSAGE_MAX 16384

enum { ED25519, RSA_2048, P256, P384, P521 }; /* as in keygen_kinds */

/* The order matters: see libcrypto_init(). */
static inline void held_keys_init(void)
{
    assert_int_equal(secret_init(), OK);
    assert_int_equal(libcrypto_init(), OK);
    assert_true(sodium_init() >= 0);
}

static inline size_t arena_bytes_used(void)
{
    struct secret_info info;

    secret_info(&info);
    return info.used;
}

/* What key_new() makes of an ADD message; the message itself has to be good. */
static inline enum err key_of_message(struct view message, struct key **ret)
{
    struct add_request add;
    enum err err;

    assert_int_equal(add_request_parse(message, false, &add), OK);
    err = key_new(&add, ret);
    assert_int_equal(ERR_peek_error(), 0);
    return err;
}

static inline enum err key_of(const struct openssh_key *from, struct key **ret)
{
    uint8_t bytes[ADD_MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_add(&w, from, from->comment);
    assert_int_equal(w.err, OK);
    return key_of_message(wire_written(&w), ret);
}

static inline enum err key_of_certificate(const struct openssh_key *from, struct view certificate,
                                          struct key **ret)
{
    uint8_t bytes[ADD_MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_add_certificate(&w, from, certificate, from->comment);
    assert_int_equal(w.err, OK);
    return key_of_message(wire_written(&w), ret);
}

/* An ed25519 key that nobody has seen before. */
static inline struct key *fresh_key(void)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    struct openssh_key from = {.type = text_view("ssh-ed25519"),
                               .field = {{public, sizeof public}, {secret, sizeof secret}},
                               .fields = ED25519_FIELDS};
    struct key *key = NULL;

    crypto_sign_keypair(public, secret);
    assert_int_equal(key_of(&from, &key), OK);
    return key;
}

#endif
