/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile_der.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <sodium.h>

#include "der.h"
#include "libcrypto.h"
#include "secret.h"

/*
 * All formats become the body of an ADD_IDENTITY message (RFC 9987, section 3.2). It has no number
 * that the DER has not, but for a public key that may be absent, names, and lengths of four bytes.
 */
#define MESSAGE_EXTRA 512U

#define POINT_MAX 133U /* P-521: 4, x, y */

static const struct view no_comment;

static const struct curve {
    int nid;
    const char *type;
} curves[] = {
    {NID_X9_62_prime256v1, "ecdsa-sha2-nistp256"},
    {NID_secp384r1, "ecdsa-sha2-nistp384"},
    {NID_secp521r1, "ecdsa-sha2-nistp521"},
};

static const struct key_type *type_named(const char *name)
{
    const struct key_type *type = NULL;
    bool is_cert;
    struct view v = {(const uint8_t *)name, strlen(name)};

    return key_type_find(v, &type, &is_cert) == OK ? type : NULL;
}

static enum err put_rsa(struct wire_reader r, struct wire_writer *w)
{
    struct wire_reader key = der_enter(&r, DER_SEQUENCE);
    struct view n, e, d, p, q, coefficient;

    if (der_u32(&key) != 0) { /* more than two primes, which SSH has no words for */
        return ERR_FILE_FORMAT;
    }
    n = der_number(&key);
    e = der_number(&key);
    d = der_number(&key);
    p = der_number(&key);
    q = der_number(&key);
    der_number(&key); /* d mod (p - 1) */
    der_number(&key); /* d mod (q - 1) */
    coefficient = der_number(&key);
    if (wire_end(&key) != OK || wire_end(&r) != OK) {
        return ERR_FILE_FORMAT;
    }
    put_text(w, "ssh-rsa");
    put_mpint(w, n);
    put_mpint(w, e);
    put_mpint(w, d);
    put_mpint(w, coefficient);
    put_mpint(w, p);
    put_mpint(w, q);
    put_string(w, no_comment);
    return w->err;
}

/* The point of a private number; or the given one, which may be compressed, if there is one. */
static enum err find_point(const struct curve *curve, struct view d, struct view given,
                           uint8_t *ret, size_t len)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->nid);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    BIGNUM *number = libcrypto_number(d);
    enum err err = ERR_NO_MEMORY;

    if (point == NULL || number == NULL) {
        goto out;
    }
    if ((given.len > 0 ? EC_POINT_oct2point(group, point, given.data, given.len, NULL)
                       : EC_POINT_mul(group, point, number, NULL, NULL, NULL)) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret, len, NULL) != len) {
        err = libcrypto_failure(ERR_KEY_INVALID);
        goto out;
    }
    err = OK;
out:
    BN_clear_free(number);
    EC_POINT_clear_free(point);
    EC_GROUP_free(group);
    return err;
}

/* NULL for parameters of its own, and curves that SSH has no name for. */
static const struct curve *read_curve(struct wire_reader *r)
{
    int nid = der_is(r, DER_OID) ? der_oid(r) : NID_undef;

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (curves[i].nid == nid) {
            return &curves[i];
        }
    }
    return NULL;
}

/* A BIT STRING that ends with a whole byte. */
static struct view read_bits(struct wire_reader *r, enum der identifier)
{
    struct wire_reader bits = der_enter(r, identifier);

    if (wire_u8(&bits) != 0 || bits.err != OK) {
        r->err = ERR_MALFORMED;
    }
    return wire_rest(&bits);
}

/* curve is what PKCS #8 has said already; NULL if nothing. */
static enum err put_ec(struct wire_reader r, const struct curve *curve, struct wire_writer *w)
{
    struct wire_reader key = der_enter(&r, DER_SEQUENCE);
    uint32_t version = der_u32(&key);
    struct view d = der_get(&key, DER_OCTET_STRING);
    struct view given = {NULL, 0};
    uint8_t point[POINT_MAX];
    const struct key_type *type;
    enum err err;

    if (der_is(&key, DER_CONTEXT_0)) {
        struct wire_reader parameters = der_enter(&key, DER_CONTEXT_0);
        const struct curve *named = read_curve(&parameters);

        if (key.err == OK && (named == NULL || (curve != NULL && curve != named))) {
            return ERR_KEY_TYPE;
        }
        curve = named;
        if (wire_end(&parameters) != OK) {
            return ERR_FILE_FORMAT;
        }
    }
    if (der_is(&key, DER_CONTEXT_1)) {
        struct wire_reader public = der_enter(&key, DER_CONTEXT_1);

        given = read_bits(&public, DER_BIT_STRING);
        if (wire_end(&public) != OK) {
            return ERR_FILE_FORMAT;
        }
    }
    if (wire_end(&key) != OK || wire_end(&r) != OK || version != 1 || curve == NULL) {
        return ERR_FILE_FORMAT;
    }
    type = type_named(curve->type);
    if (d.len == 0 || d.len > type->field) {
        return ERR_FILE_FORMAT;
    }
    err = find_point(curve, d, given, point, 1 + 2 * type->field);
    put_text(w, type->name);
    put_text(w, type->curve);
    put_string(w, (struct view){point, 1 + 2 * type->field});
    put_mpint(w, d);
    put_string(w, no_comment);
    return err == OK ? w->err : err;
}

/* The private key is an OCTET STRING of its own, the seed. */
static enum err put_ed25519(struct wire_reader r, struct view given, struct wire_writer *w)
{
    struct view seed = der_get(&r, DER_OCTET_STRING);
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    if (wire_end(&r) != OK || seed.len != crypto_sign_SEEDBYTES) {
        return ERR_FILE_FORMAT;
    }
    crypto_sign_seed_keypair(public, secret, seed.data);
    put_text(w, "ssh-ed25519");
    put_string(w, (struct view){public, sizeof public});
    put_string(w, (struct view){secret, sizeof secret});
    put_string(w, no_comment);
    sodium_memzero(secret, sizeof secret);
    if (given.len > 0 && !view_equal(given, (struct view){public, sizeof public})) {
        return ERR_KEY_MISMATCH;
    }
    return w->err;
}

static enum err put_pkcs8(struct wire_reader r, struct wire_writer *w)
{
    struct wire_reader key = der_enter(&r, DER_SEQUENCE);
    uint32_t version = der_u32(&key);
    struct wire_reader algorithm = der_enter(&key, DER_SEQUENCE);
    int nid = der_oid(&algorithm);
    struct wire_reader private = der_enter(&key, DER_OCTET_STRING);
    struct view given = {NULL, 0};
    const struct curve *curve;

    if (der_is(&key, DER_CONTEXT_0)) {
        der_get(&key, DER_CONTEXT_0); /* attributes */
    }
    if (der_is(&key, DER_PRIMITIVE_1)) {
        given = read_bits(&key, DER_PRIMITIVE_1);
    }
    if (wire_end(&key) != OK || wire_end(&r) != OK || algorithm.err != OK || version > 1) {
        return ERR_FILE_FORMAT;
    }
    switch (nid) {
    case NID_rsaEncryption:
        return put_rsa(private, w);
    case NID_X9_62_id_ecPublicKey:
        curve = read_curve(&algorithm);
        return curve != NULL ? put_ec(private, curve, w) : ERR_KEY_TYPE;
    case NID_ED25519:
        return put_ed25519(private, given, w);
    case NID_dsa:
        return ERR_KEY_DSA;
    default:
        return ERR_KEY_TYPE;
    }
}

static enum err put_key(enum der_format format, struct view der, struct wire_writer *w)
{
    struct wire_reader r = wire_reader(der.data, der.len);

    switch (format) {
    case DER_PKCS1:
        return put_rsa(r, w);
    case DER_SEC1:
        return put_ec(r, NULL, w);
    case DER_PKCS8:
        return put_pkcs8(r, w);
    }
    return ERR_FILE_FORMAT;
}

enum err keyfile_der(enum der_format format, struct view der, struct keyfile_key *ret)
{
    struct keyfile_key key = {.bytes = secret_alloc(der.len + MESSAGE_EXTRA)};
    struct wire_writer w;
    enum err err;

    if (key.bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    w = wire_writer(key.bytes, der.len + MESSAGE_EXTRA);
    err = put_key(format, der, &w);
    if (err == OK) {
        err = add_request_parse(wire_written(&w), false, &key.add);
    }
    if (err != OK) {
        keyfile_key_free(&key);
        return err == ERR_MALFORMED || err == ERR_TOO_BIG ? ERR_FILE_FORMAT : err;
    }
    *ret = key;
    return OK;
}
