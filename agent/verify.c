/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "keyblob.h"
#include "signature_blob.h"

/* OpenSSH's floor; a server's key may be older than what the vault holds. */
#define RSA_VERIFY_MIN_BITS 1024

/*
 * A client chooses the key, and the agent's loop waits for the answer: with these a verification
 * takes a fraction of a millisecond. Host keys have 65537 and 4096 bits at most; a larger one
 * is not wrong, but its host stays unproved.
 */
#define RSA_VERIFY_MAX_BITS          8192
#define RSA_VERIFY_MAX_EXPONENT_BITS 32

static enum err build(const char *algorithm, OSSL_PARAM_BLD *builder, EVP_PKEY **ret)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    enum err err = OK;

    if (context == NULL || params == NULL) {
        err = ERR_NO_MEMORY;
    } else if (EVP_PKEY_fromdata_init(context) != 1 ||
               EVP_PKEY_fromdata(context, ret, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        err = ERR_KEY_INVALID;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return err;
}

/* The caller frees *ret. */
static enum err build_rsa(const struct public_key *key, EVP_PKEY **ret)
{
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(key->n.data, (int)key->n.len, NULL);
    BIGNUM *e = BN_bin2bn(key->e.data, (int)key->e.len, NULL);
    enum err err = ERR_NO_MEMORY;

    if (params == NULL || n == NULL || e == NULL) {
        goto out;
    }
    if (BN_num_bits(n) > RSA_VERIFY_MAX_BITS || BN_num_bits(e) > RSA_VERIFY_MAX_EXPONENT_BITS) {
        err = ERR_KEY_TYPE;
        goto out;
    }
    if (BN_num_bits(n) < RSA_VERIFY_MIN_BITS || !BN_is_odd(n) || !BN_is_odd(e)) {
        err = ERR_KEY_INVALID;
        goto out;
    }
    err = ERR_NO_MEMORY;
    if (OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        err = build("RSA", params, ret);
    }
out:
    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(params);
    return err;
}

/* The caller frees *ret. A point off the curve is ERR_KEY_INVALID: libcrypto checks. */
static enum err build_ecdsa(const struct public_key *key, EVP_PKEY **ret)
{
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    enum err err = ERR_NO_MEMORY;

    if (params != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(params, OSSL_PKEY_PARAM_GROUP_NAME, key->type->group, 0) ==
            1 &&
        OSSL_PARAM_BLD_push_octet_string(params, OSSL_PKEY_PARAM_PUB_KEY, key->point.data,
                                         key->point.len) == 1) {
        err = build("EC", params, ret);
    }
    OSSL_PARAM_BLD_free(params);
    return err;
}

static enum err check(EVP_PKEY *pkey, const char *digest, struct view signature, struct view data)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum err err = ERR_BAD_SIGNATURE;

    if (context == NULL) {
        return ERR_NO_MEMORY;
    }
    /* PKCS #1 v1.5 is libcrypto's default for RSA. */
    if (EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
        EVP_DigestVerify(context, signature.data, signature.len, data.data, data.len) == 1) {
        err = OK;
    }
    EVP_MD_CTX_free(context);
    return err;
}

/* RFC 8332. Leading zero bytes may be missing, as in OpenSSH. */
static enum err verify_rsa(const struct public_key *key, struct view algorithm,
                           struct view signature, struct view data)
{
    uint8_t padded[MPINT_MAX] = {0};
    EVP_PKEY *pkey = NULL;
    const char *digest;
    enum err err;

    if (view_is(algorithm, "rsa-sha2-256")) {
        digest = "SHA256";
    } else if (view_is(algorithm, "rsa-sha2-512")) {
        digest = "SHA512";
    } else {
        return view_is(algorithm, "ssh-rsa") ? ERR_KEY_TYPE : ERR_MALFORMED;
    }
    if (signature.len == 0 || signature.len > key->n.len || key->n.len > sizeof padded) {
        return ERR_BAD_SIGNATURE;
    }
    memcpy(padded + key->n.len - signature.len, signature.data, signature.len);
    err = build_rsa(key, &pkey);
    if (err == OK) {
        err = check(pkey, digest, (struct view){padded, key->n.len}, data);
    }
    EVP_PKEY_free(pkey);
    return err;
}

/* libcrypto wants DER. The caller OPENSSL_free()s. */
static enum err der_signature(const struct public_key *key, struct view signature, uint8_t **ret,
                              size_t *ret_len)
{
    struct ecdsa_signature numbers;
    ECDSA_SIG *pair;
    BIGNUM *r;
    BIGNUM *s;
    enum err err = ecdsa_signature_parse(signature, key->type->field, &numbers);
    int len = -1;

    if (err != OK) {
        return err;
    }
    pair = ECDSA_SIG_new();
    r = BN_bin2bn(numbers.r.data, (int)numbers.r.len, NULL);
    s = BN_bin2bn(numbers.s.data, (int)numbers.s.len, NULL);
    /* On success the pair owns both numbers. */
    if (pair != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        *ret = NULL;
        len = i2d_ECDSA_SIG(pair, ret);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    if (len < 0) {
        return ERR_NO_MEMORY;
    }
    *ret_len = (size_t)len;
    return OK;
}

static enum err verify_ecdsa(const struct public_key *key, struct view algorithm,
                             struct view signature, struct view data)
{
    EVP_PKEY *pkey = NULL;
    uint8_t *der = NULL;
    size_t der_len = 0;
    enum err err;

    if (!view_is(algorithm, key->type->name)) {
        return ERR_MALFORMED;
    }
    err = der_signature(key, signature, &der, &der_len);
    if (err == OK) {
        err = build_ecdsa(key, &pkey);
    }
    if (err == OK) {
        err = check(pkey, key->type->digest, (struct view){der, der_len}, data);
    }
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return err;
}

static enum err verify_ed25519(const struct public_key *key, struct view algorithm,
                               struct view signature, struct view data)
{
    if (!view_is(algorithm, key->type->name) || signature.len != crypto_sign_BYTES) {
        return ERR_MALFORMED;
    }
    if (crypto_sign_verify_detached(signature.data, data.data, data.len, key->point.data) != 0) {
        return ERR_BAD_SIGNATURE;
    }
    return OK;
}

enum err verify_signature(struct view key_blob, struct view signature, struct view data)
{
    static enum err (*const verifiers[])(const struct public_key *, struct view, struct view,
                                         struct view) = {
        [KEY_ED25519] = verify_ed25519,
        [KEY_RSA] = verify_rsa,
        [KEY_ECDSA] = verify_ecdsa,
    };
    struct signature_blob blob;
    struct public_key key;
    enum err err = public_key_parse(key_blob, &key);

    if (err == OK) {
        err = signature_blob_parse(signature, &blob);
    }
    if (err == OK) {
        err = verifiers[key.type->kind](&key, blob.algorithm, blob.bytes, data);
        ERR_clear_error();
    }
    return err;
}
