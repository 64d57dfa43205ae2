/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Public key blobs as they stand on the wire: RFC 4253 section 6.6 (RSA), RFC 5656 section 3.1
 * (ECDSA), RFC 8709 section 4 (ed25519), and OpenSSH's certificates of each (PROTOCOL.certkeys).
 */
#ifndef SPLIT_SSH_KEYBLOB_H
#define SPLIT_SSH_KEYBLOB_H

#include "limits.h"
#include "wire.h"

enum key_kind { KEY_ED25519, KEY_RSA, KEY_ECDSA };

struct key_type {
    enum key_kind kind;
    const char *name;
    const char *cert_name;
    const char *curve;  /* RFC 5656's name of the curve; NULL if none */
    const char *group;  /* libcrypto's name of the curve */
    const char *digest; /* libcrypto's name of the hash that ECDSA uses */
    size_t field;       /* bytes of a coordinate */
};

#define ED25519_PUBLIC_SIZE 32U

struct public_key {
    const struct key_type *type;
    bool is_cert;
    struct view n, e;  /* RSA: big-endian, no leading zero */
    struct view point; /* ECDSA: 4, x, y (SEC 1, uncompressed); ed25519: the 32 bytes */
};

/*
 * The type with this name. *ret_cert says whether it is the name of the certificate. ERR_KEY_DSA,
 * ERR_KEY_SK or ERR_KEY_TYPE for all others.
 */
static inline enum err must_check key_type_find(struct view name, const struct key_type **ret,
                                                bool *ret_cert)
{
    static const struct key_type types[] = {
        {KEY_ED25519, "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", NULL, NULL, NULL, 32},
        {KEY_RSA, "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", NULL, NULL, NULL, 0},
        {KEY_ECDSA, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "nistp256",
         "P-256", "SHA256", 32},
        {KEY_ECDSA, "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "nistp384",
         "P-384", "SHA384", 48},
        {KEY_ECDSA, "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "nistp521",
         "P-521", "SHA512", 66},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool is_cert = view_is(name, types[i].cert_name);

        if (is_cert || view_is(name, types[i].name)) {
            *ret = &types[i];
            *ret_cert = is_cert;
            return OK;
        }
    }
    if (view_is(name, "ssh-dss") || view_is(name, "ssh-dss-cert-v01@openssh.com")) {
        return ERR_KEY_DSA;
    }
    if (name.len > 3 && memcmp(name.data, "sk-", 3) == 0) {
        return ERR_KEY_SK;
    }
    return ERR_KEY_TYPE;
}

/* The fields that follow the type's name (and a certificate's nonce). Errors stick to r. */
static inline void wire_public_fields(struct wire_reader *r, struct public_key *ret)
{
    struct view curve;

    switch (ret->type->kind) {
    case KEY_RSA:
        ret->e = wire_mpint(r, MPINT_MAX);
        ret->n = wire_mpint(r, MPINT_MAX);
        return;
    case KEY_ECDSA:
        curve = wire_string(r, KEY_TYPE_MAX);
        ret->point = wire_string(r, 1 + 2 * ret->type->field);
        if (r->err == OK && !view_is(curve, ret->type->curve)) {
            r->err = ERR_KEY_INVALID;
        }
        return;
    case KEY_ED25519:
        ret->point = wire_string(r, ED25519_PUBLIC_SIZE);
        return;
    }
}

/* Sizes that the wire format leaves open. OK, or ERR_KEY_INVALID. */
static inline enum err must_check public_key_check_sizes(const struct public_key *key)
{
    switch (key->type->kind) {
    case KEY_RSA:
        return key->n.len > 0 && key->e.len > 0 ? OK : ERR_KEY_INVALID;
    case KEY_ECDSA:
        return key->point.len == 1 + 2 * key->type->field && key->point.data[0] == 4
                   ? OK
                   : ERR_KEY_INVALID;
    case KEY_ED25519:
        return key->point.len == ED25519_PUBLIC_SIZE ? OK : ERR_KEY_INVALID;
    }
    return ERR_KEY_INVALID;
}

/* What follows the key in a certificate, up to and with its signature. */
static inline void wire_skip_certificate(struct wire_reader *r)
{
    wire_u64(r);                   /* serial */
    wire_u32(r);                   /* type */
    wire_string(r, FRAME_MAX);     /* key id */
    wire_string(r, FRAME_MAX);     /* valid principals */
    wire_u64(r);                   /* valid after */
    wire_u64(r);                   /* valid before */
    wire_string(r, FRAME_MAX);     /* critical options */
    wire_string(r, FRAME_MAX);     /* extensions */
    wire_string(r, FRAME_MAX);     /* reserved */
    wire_string(r, FRAME_MAX);     /* signature key */
    wire_string(r, SIGNATURE_MAX); /* signature */
}

/*
 * A whole key blob, plain or certificate. The views of *ret point into blob. ERR_KEY_* of the type,
 * ERR_MALFORMED or ERR_TOO_BIG for bytes that are not a blob, ERR_KEY_INVALID for wrong sizes. A
 * certificate's signature is not verified: who signs with a key does not rely on it.
 */
static inline enum err must_check public_key_parse(struct view blob, struct public_key *ret)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct public_key key = {0};
    enum err err;

    struct view name = wire_string(&r, KEY_TYPE_MAX);
    if (r.err != OK) {
        return r.err;
    }
    err = key_type_find(name, &key.type, &key.is_cert);
    if (err != OK) {
        return err;
    }
    if (key.is_cert) {
        wire_string(&r, FRAME_MAX); /* nonce */
    }
    wire_public_fields(&r, &key);
    if (key.is_cert) {
        wire_skip_certificate(&r);
    }
    err = wire_end(&r);
    if (err == OK) {
        err = public_key_check_sizes(&key);
    }
    if (err == OK) {
        *ret = key;
    }
    return err;
}

/*
 * Are these of one key pair? Of a certificate, the key inside counts. By the names of the types:
 * each file that includes this one has a table of its own, so pointers into it tell nothing.
 */
static inline bool public_key_same(const struct public_key *a, const struct public_key *b)
{
    return strcmp(a->type->name, b->type->name) == 0 && view_equal(a->n, b->n) &&
           view_equal(a->e, b->e) && view_equal(a->point, b->point);
}

/* The plain blob of a key, never its certificate. */
static inline void put_public_key(struct wire_writer *w, const struct public_key *key)
{
    put_text(w, key->type->name);
    switch (key->type->kind) {
    case KEY_RSA:
        put_mpint(w, key->e);
        put_mpint(w, key->n);
        return;
    case KEY_ECDSA:
        put_text(w, key->type->curve);
        put_string(w, key->point);
        return;
    case KEY_ED25519:
        put_string(w, key->point);
        return;
    }
}

#endif
