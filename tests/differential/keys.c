/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#include "differential.h"

#define FIELDS_MAX 4096U

/* What a key is signed with: ed25519 and RSA by libcrypto; ECDSA here, for want of a nonce that
 * follows from the seed. */
struct private_half {
    EVP_PKEY *pkey;
    EC_GROUP *group;
    BIGNUM *d;
    const EVP_MD *digest;
    const char *curve;
};

static void need(bool good)
{
    if (!good) {
        die("libcrypto does not make a key");
    }
}

struct view keep(struct view bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);

    if (copy == NULL) {
        die("out of memory");
    }
    memcpy(copy, bytes.data, bytes.len);
    return (struct view){copy, bytes.len};
}

static void put_number(struct wire_writer *w, const BIGNUM *number)
{
    uint8_t bytes[512];
    int len = BN_bn2bin(number, bytes);

    put_mpint(w, (struct view){bytes, (size_t)len});
}

/* With its highest two bits set, so that a product of two has twice as many bits. */
static BIGNUM *random_number(struct random *random, int bits)
{
    uint8_t bytes[256];
    size_t len = ((size_t)bits + 7) / 8;
    BIGNUM *number;

    random_fill(random, bytes, len);
    number = BN_bin2bn(bytes, (int)len, NULL);
    need(number != NULL);
    BN_mask_bits(number, bits);
    BN_set_bit(number, bits - 1);
    BN_set_bit(number, bits - 2);
    return number;
}

static BIGNUM *random_prime(struct random *random, int bits)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *prime = random_number(random, bits);

    need(context != NULL);
    BN_set_bit(prime, 0);
    while (BN_mod_word(prime, 65537) == 1 || BN_check_prime(prime, context, NULL) != 1) {
        need(BN_add_word(prime, 2) == 1);
    }
    BN_CTX_free(context);
    return prime;
}

static EVP_PKEY *build_rsa(const BIGNUM *n, const BIGNUM *e, const BIGNUM *d)
{
    OSSL_PARAM_BLD *list = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params;
    EVP_PKEY *pkey = NULL;

    need(list != NULL && context != NULL &&
         OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
         OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
         OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_D, d) == 1);
    params = OSSL_PARAM_BLD_to_param(list);
    need(params != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
         EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(list);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/* fields: n e d iqmp p q; blob: e n. */
static void make_rsa(struct random *random, int bits, struct private_half *half,
                     struct wire_writer *blob, struct wire_writer *fields)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *p = random_prime(random, bits / 2);
    BIGNUM *q = random_prime(random, bits / 2);
    BIGNUM *n = BN_new();
    BIGNUM *e = BN_new();
    BIGNUM *phi = BN_new();
    BIGNUM *d = NULL;
    BIGNUM *iqmp = NULL;

    need(context != NULL && n != NULL && e != NULL && phi != NULL && BN_set_word(e, 65537) == 1 &&
         BN_mul(n, p, q, context) == 1 && BN_copy(phi, n) != NULL && BN_sub(phi, phi, p) == 1 &&
         BN_sub(phi, phi, q) == 1 && BN_add_word(phi, 1) == 1);
    d = BN_mod_inverse(NULL, e, phi, context);
    iqmp = BN_mod_inverse(NULL, q, p, context);
    need(d != NULL && iqmp != NULL);
    put_number(blob, e);
    put_number(blob, n);
    put_number(fields, n);
    put_number(fields, e);
    put_number(fields, d);
    put_number(fields, iqmp);
    put_number(fields, p);
    put_number(fields, q);
    half->pkey = build_rsa(n, e, d);
    BN_CTX_free(context);
    BN_free(p);
    BN_free(q);
    BN_free(n);
    BN_free(e);
    BN_free(phi);
    BN_free(d);
    BN_free(iqmp);
}

static void make_ecdsa(struct random *random, const char *curve, int nid, struct private_half *half,
                       struct wire_writer *blob, struct wire_writer *fields)
{
    uint8_t point[256];
    EC_POINT *public;
    size_t len;

    half->curve = curve;
    half->group = EC_GROUP_new_by_curve_name(nid);
    need(half->group != NULL);
    half->d = random_number(random, EC_GROUP_order_bits(half->group) - 1);
    public = EC_POINT_new(half->group);
    need(public != NULL && EC_POINT_mul(half->group, public, half->d, NULL, NULL, NULL) == 1);
    len = EC_POINT_point2oct(half->group, public, POINT_CONVERSION_UNCOMPRESSED, point,
                             sizeof point, NULL);
    need(len > 0);
    put_text(blob, curve);
    put_string(blob, (struct view){point, len});
    put_text(fields, curve);
    put_string(fields, (struct view){point, len});
    put_number(fields, half->d);
    EC_POINT_free(public);
}

static void make_ed25519(struct random *random, struct private_half *half, struct wire_writer *blob,
                         struct wire_writer *fields)
{
    uint8_t secret[64];
    size_t len = 32;

    random_fill(random, secret, 32);
    half->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
    need(half->pkey != NULL && EVP_PKEY_get_raw_public_key(half->pkey, secret + 32, &len) == 1);
    put_string(blob, (struct view){secret + 32, 32});
    put_string(fields, (struct view){secret + 32, 32});
    put_string(fields, (struct view){secret, 64});
}

/* p = 1 mod 2 q; g of order q. blob: p q g y; fields: x behind them. */
static void make_dsa(struct random *random, struct wire_writer *blob, struct wire_writer *fields)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *q = random_prime(random, 160);
    BIGNUM *x = random_number(random, 158);
    BIGNUM *p = NULL;
    BIGNUM *rest = BN_new();
    BIGNUM *g = BN_new();
    BIGNUM *y = BN_new();
    BIGNUM *twice = BN_new();
    const BIGNUM *public[] = {NULL, q, g, y};

    need(context != NULL && rest != NULL && g != NULL && y != NULL && twice != NULL &&
         BN_lshift1(twice, q) == 1);
    do {
        BN_free(p);
        p = random_number(random, 1024);
        need(BN_mod(rest, p, twice, context) == 1 && BN_sub(p, p, rest) == 1 &&
             BN_add_word(p, 1) == 1);
    } while (BN_check_prime(p, context, NULL) != 1);
    need(BN_sub_word(p, 1) == 1 && BN_div(rest, NULL, p, q, context) == 1 &&
         BN_add_word(p, 1) == 1 && BN_set_word(twice, 2) == 1 &&
         BN_mod_exp(g, twice, rest, p, context) == 1 && BN_mod_exp(y, g, x, p, context) == 1);
    public[0] = p;
    for (size_t i = 0; i < 4; i++) {
        put_number(blob, public[i]);
        put_number(fields, public[i]);
    }
    put_number(fields, x);
    BN_CTX_free(context);
    BN_free(p);
    BN_free(q);
    BN_free(x);
    BN_free(g);
    BN_free(y);
    BN_free(rest);
    BN_free(twice);
}

/* OpenSSH's PROTOCOL.u2f. */
static void make_sk(struct random *random, struct wire_writer *blob, struct wire_writer *fields)
{
    uint8_t public[32];

    random_fill(random, public, sizeof public);
    put_string(blob, (struct view){public, sizeof public});
    put_text(blob, "ssh:");
    put_string(fields, (struct view){public, sizeof public});
    put_text(fields, "ssh:");
    put_u8(fields, 1);
    put_text(fields, "a handle");
    put_text(fields, "");
}

static void make(enum key_name name, struct random *random, struct private_half *half,
                 struct wire_writer *blob, struct wire_writer *fields)
{
    switch (name) {
    case KEY_RSA:
    case HOST_RSA:
        make_rsa(random, 2048, half, blob, fields);
        break;
    case KEY_RSA_SHORT:
        make_rsa(random, 1024, half, blob, fields);
        break;
    case KEY_P256:
    case HOST_P256:
        half->digest = EVP_sha256();
        make_ecdsa(random, "nistp256", NID_X9_62_prime256v1, half, blob, fields);
        break;
    case KEY_P384:
        half->digest = EVP_sha384();
        make_ecdsa(random, "nistp384", NID_secp384r1, half, blob, fields);
        break;
    case KEY_P521:
        half->digest = EVP_sha512();
        make_ecdsa(random, "nistp521", NID_secp521r1, half, blob, fields);
        break;
    case KEY_DSA:
        make_dsa(random, blob, fields);
        break;
    case KEY_SK:
        make_sk(random, blob, fields);
        break;
    default:
        make_ed25519(random, half, blob, fields);
        break;
    }
}

void key_make(struct pool_key *key, enum key_name name, struct random *random)
{
    uint8_t blob_bytes[FIELDS_MAX];
    uint8_t fields_bytes[FIELDS_MAX];
    struct wire_writer blob = wire_writer(blob_bytes, sizeof blob_bytes);
    struct wire_writer fields = wire_writer(fields_bytes, sizeof fields_bytes);
    struct private_half *half = calloc(1, sizeof *half);

    if (half == NULL) {
        die("out of memory");
    }
    put_text(&blob, key->type);
    put_text(&fields, key->type);
    make(name, random, half, &blob, &fields);
    need(blob.err == OK && fields.err == OK);
    key->blob = keep(wire_written(&blob));
    key->fields = keep(wire_written(&fields));
    key->private_half = half;
}

/* SEC 1, section 4.1.3. */
static void sign_ecdsa(const struct private_half *half, struct random *random, struct view data,
                       struct wire_writer *w)
{
    BN_CTX *context = BN_CTX_new();
    const BIGNUM *order = EC_GROUP_get0_order(half->group);
    BIGNUM *k = random_number(random, EC_GROUP_order_bits(half->group) - 1);
    EC_POINT *point = EC_POINT_new(half->group);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    BIGNUM *r = BN_new();
    BIGNUM *s = NULL;
    BIGNUM *inverse;

    need(context != NULL && point != NULL && r != NULL &&
         EVP_Digest(data.data, data.len, hash, &hash_len, half->digest, NULL) == 1 &&
         EC_POINT_mul(half->group, point, k, NULL, NULL, context) == 1 &&
         EC_POINT_get_affine_coordinates(half->group, point, r, NULL, context) == 1 &&
         BN_nnmod(r, r, order, context) == 1);
    s = BN_bin2bn(hash, (int)hash_len, NULL); /* no hash here has more bits than its order */
    inverse = BN_mod_inverse(NULL, k, order, context);
    need(s != NULL && inverse != NULL && BN_mod_mul(k, r, half->d, order, context) == 1 &&
         BN_mod_add(s, s, k, order, context) == 1 &&
         BN_mod_mul(s, s, inverse, order, context) == 1);
    put_number(w, r);
    put_number(w, s);
    BN_CTX_free(context);
    EC_POINT_free(point);
    BN_free(k);
    BN_free(r);
    BN_free(s);
    BN_free(inverse);
}

static void sign_evp(const struct private_half *half, const EVP_MD *digest, struct view data,
                     struct wire_writer *w)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t signature[512] = {0};
    size_t len = sizeof signature;
    bool good = context != NULL &&
                EVP_DigestSignInit(context, NULL, digest, NULL, half->pkey) == 1 &&
                EVP_DigestSign(context, signature, &len, data.data, data.len) == 1;

    need(good ||
         digest == EVP_sha1()); /* which a distribution may forbid: then it is a wrong one */
    EVP_MD_CTX_free(context);
    put_string(w, (struct view){signature, good ? len : 256});
}

void key_sign(const struct pool_key *key, struct random *random, struct view data,
              const char *algorithm, struct wire_writer *ret)
{
    const struct private_half *half = key->private_half;
    bool is_rsa = strcmp(key->type, "ssh-rsa") == 0;
    const EVP_MD *digest = !is_rsa                                  ? NULL
                           : strcmp(algorithm, "rsa-sha2-512") == 0 ? EVP_sha512()
                           : strcmp(algorithm, "rsa-sha2-256") == 0 ? EVP_sha256()
                                                                    : EVP_sha1();
    uint8_t inner[512];
    struct wire_writer w = wire_writer(inner, sizeof inner);

    put_text(ret, is_rsa ? algorithm : key->type);
    if (half->group == NULL) {
        sign_evp(half, digest, data, ret);
        return;
    }
    sign_ecdsa(half, random, data, &w);
    put_string(ret, wire_written(&w));
}

void key_put_certified(const struct pool_key *key, struct view certificate, struct wire_writer *ret)
{
    struct wire_reader r = wire_reader(key->fields.data, key->fields.len);

    put_text(ret, key->certificate_type);
    put_string(ret, certificate);
    wire_string(&r, FRAME_MAX); /* type */
    if (strcmp(key->type, "ssh-ed25519") != 0) {
        wire_string(&r, FRAME_MAX); /* n, or curve */
        wire_string(&r, FRAME_MAX); /* e, or point */
    }
    put_bytes(ret, r.at, r.left);
}
