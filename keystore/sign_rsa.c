/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "libcrypto.h"
#include "secret.h"
#include "sign.h"

/* The numbers of a key, PKCS #1's names. Everything is in the arena. */
struct rsa_numbers {
    BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

static void numbers_free(struct rsa_numbers *k)
{
    BIGNUM *all[] = {k->n, k->e, k->d, k->p, k->q, k->dp, k->dq, k->qinv};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        BN_clear_free(all[i]);
    }
}

static enum err numbers_read(const struct key *key, struct rsa_numbers *k)
{
    struct wire_reader r = wire_reader(key->private_part, key->private_len);
    struct public_key public;
    enum err err = public_key_parse((struct view){key->blob, key->blob_len}, &public);

    if (err != OK) {
        return err;
    }
    k->n = libcrypto_number(public.n);
    k->e = libcrypto_number(public.e);
    k->d = libcrypto_number(wire_mpint(&r, MPINT_MAX));
    k->qinv = libcrypto_number(wire_mpint(&r, MPINT_MAX));
    k->p = libcrypto_number(wire_mpint(&r, MPINT_MAX));
    k->q = libcrypto_number(wire_mpint(&r, MPINT_MAX));
    k->dp = BN_new();
    k->dq = BN_new();
    err = wire_end(&r);
    if (err == OK && (k->n == NULL || k->e == NULL || k->d == NULL || k->qinv == NULL ||
                      k->p == NULL || k->q == NULL || k->dp == NULL || k->dq == NULL)) {
        err = ERR_NO_MEMORY;
    }
    return err;
}

static enum err check_public(const struct rsa_numbers *k)
{
    if (BN_num_bits(k->n) < (int)RSA_MIN_BITS || BN_num_bits(k->n) > (int)RSA_MAX_BITS) {
        return ERR_KEY_RSA_SIZE;
    }
    if (!BN_is_odd(k->n) || !BN_is_odd(k->e) || BN_is_one(k->e) ||
        BN_num_bits(k->e) > (int)RSA_MAX_EXPONENT_BITS) {
        return ERR_KEY_INVALID;
    }
    return OK;
}

/*
 * One prime's half: its exponent is ret = d mod (prime - 1), and e * ret must be 1 there. A failing
 * libcrypto counts as no memory; *ret_match is then untouched.
 */
static enum err check_exponent(const struct rsa_numbers *k, const BIGNUM *prime, BIGNUM *ret,
                               bool *ret_match, BN_CTX *context)
{
    enum err err = ERR_NO_MEMORY;
    BIGNUM *order;
    BIGNUM *product;

    BN_CTX_start(context);
    order = BN_CTX_get(context);
    product = BN_CTX_get(context);
    if (product == NULL || BN_copy(order, prime) == NULL) {
        goto out;
    }
    BN_set_flags(order, BN_FLG_CONSTTIME);
    BN_set_flags(ret, BN_FLG_CONSTTIME);
    if (BN_sub_word(order, 1) != 1 || BN_mod(ret, k->d, order, context) != 1 ||
        BN_mod_mul(product, ret, k->e, order, context) != 1) {
        goto out;
    }
    *ret_match = BN_is_one(product);
    err = OK;
out:
    BN_CTX_end(context);
    return err;
}

/*
 * n = p q; e d = 1 modulo p - 1 and q - 1; q qinv = 1 modulo p. What makes two halves one key
 * (RFC 8017, section 3.2); libcrypto's own check tests the primes too and takes seconds for a
 * large key, while every other client would wait.
 */
static enum err check_private(struct rsa_numbers *k)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *product = BN_new();
    bool dp_match = false;
    bool dq_match = false;
    enum err err = ERR_NO_MEMORY;

    if (context == NULL || product == NULL) {
        goto out;
    }
    err = ERR_KEY_INVALID;
    if (!BN_is_odd(k->p) || !BN_is_odd(k->q) || BN_is_one(k->p) || BN_is_one(k->q)) {
        goto out;
    }
    err = ERR_NO_MEMORY;
    if (BN_mul(product, k->p, k->q, context) != 1) {
        goto out;
    }
    err = ERR_KEY_MISMATCH;
    if (BN_cmp(product, k->n) != 0) {
        goto out;
    }
    err = check_exponent(k, k->p, k->dp, &dp_match, context);
    if (err == OK) {
        err = check_exponent(k, k->q, k->dq, &dq_match, context);
    }
    if (err == OK && BN_mod_mul(product, k->q, k->qinv, k->p, context) != 1) {
        err = ERR_NO_MEMORY;
    }
    if (err == OK && (!dp_match || !dq_match || !BN_is_one(product))) {
        err = ERR_KEY_MISMATCH;
    }
out:
    BN_clear_free(product);
    BN_CTX_free(context);
    return err;
}

static enum err build(struct key *key, const struct rsa_numbers *k)
{
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    enum err err = ERR_NO_MEMORY;

    if (params != NULL && OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_N, k->n) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_E, k->e) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_D, k->d) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_FACTOR1, k->p) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_FACTOR2, k->q) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_EXPONENT1, k->dp) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_EXPONENT2, k->dq) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, k->qinv) == 1) {
        err = libcrypto_build(key, "RSA", params);
    }
    OSSL_PARAM_BLD_free(params);
    return err;
}

static enum err prepare(struct key *key)
{
    struct rsa_numbers k = {0};
    enum err err = numbers_read(key, &k);

    if (err == OK) {
        err = check_public(&k);
    }
    if (err == OK) {
        err = check_private(&k);
    }
    if (err == OK) {
        err = build(key, &k);
    }
    numbers_free(&k);
    return err;
}

static enum err sign(struct key *key, uint32_t flags, struct view data, struct wire_writer *w)
{
    /* Where a client sets both flags, OpenSSH's agent takes SHA-256 too. */
    static const struct {
        uint32_t flag;
        enum digest digest;
        const char *algorithm;
    } choices[KEY_RSA_DIGESTS] = {
        {SIGN_RSA_SHA2_256, DIGEST_SHA256, "rsa-sha2-256"},
        {SIGN_RSA_SHA2_512, DIGEST_SHA512, "rsa-sha2-512"},
        {0, DIGEST_SHA1, "ssh-rsa"},
    };
    uint8_t signature[MPINT_MAX];
    size_t len = sizeof signature;
    size_t i = 0;
    enum err err;

    while (choices[i].flag != 0 && (flags & choices[i].flag) == 0) {
        i++;
    }
    err = libcrypto_context(key, choices[i].digest, &key->contexts[i]);
    if (err == OK) {
        err = libcrypto_sign(key->contexts[i], choices[i].digest, data, signature, &len);
    }
    if (err != OK) {
        return err;
    }
    put_text(w, choices[i].algorithm);
    put_string(w, (struct view){signature, len});
    return w->err;
}

const struct signer signer_rsa = {.prepare = prepare, .sign = sign};
