/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "libcrypto.h"
#include "sign.h"

#define DER_SIGNATURE_MAX 160U /* P-521: two INTEGERs of 66 bytes, a SEQUENCE around them */

static enum err build(struct key *key)
{
    struct wire_reader r = wire_reader(key->private_part, key->private_len);
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    BIGNUM *d = libcrypto_number(wire_mpint(&r, key->type->field + 1));
    struct public_key public;
    enum err err = public_key_parse((struct view){key->blob, key->blob_len}, &public);

    if (err == OK) {
        err = wire_end(&r);
    }
    if (err != OK) {
        goto out;
    }
    err = ERR_NO_MEMORY;
    if (params != NULL && d != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(params, OSSL_PKEY_PARAM_GROUP_NAME, key->type->group, 0) ==
            1 &&
        OSSL_PARAM_BLD_push_octet_string(params, OSSL_PKEY_PARAM_PUB_KEY, public.point.data,
                                         public.point.len) == 1 &&
        OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1) {
        err = libcrypto_build(key, "EC", params);
    }
out:
    BN_clear_free(d);
    OSSL_PARAM_BLD_free(params);
    return err;
}

static enum err check(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    enum err err = OK;

    if (context == NULL) {
        return ERR_NO_MEMORY;
    }
    if (EVP_PKEY_public_check(context) != 1 || EVP_PKEY_private_check(context) != 1) {
        err = libcrypto_failure(ERR_KEY_INVALID);
    } else if (EVP_PKEY_pairwise_check(context) != 1) {
        err = libcrypto_failure(ERR_KEY_MISMATCH);
    }
    EVP_PKEY_CTX_free(context);
    return err;
}

static enum err prepare(struct key *key)
{
    enum err err = build(key);

    return err == OK ? check(key->pkey) : err;
}

/* libcrypto gives DER; SSH wants `mpint r, mpint s` (RFC 5656, section 3.1.2). */
static enum err put_signature(struct wire_writer *w, const uint8_t *der, size_t der_len)
{
    uint8_t number[2][66];
    uint8_t numbers[2 * (4 + 1 + 66)];
    struct wire_writer inner = wire_writer(numbers, sizeof numbers);
    const uint8_t *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    int r_len;
    int s_len;

    if (signature == NULL) {
        return ERR_CRYPTO;
    }
    r_len = BN_bn2binpad(ECDSA_SIG_get0_r(signature), number[0], sizeof number[0]);
    s_len = BN_bn2binpad(ECDSA_SIG_get0_s(signature), number[1], sizeof number[1]);
    ECDSA_SIG_free(signature);
    if (r_len < 0 || s_len < 0) {
        return ERR_CRYPTO;
    }
    put_mpint(&inner, (struct view){number[0], sizeof number[0]});
    put_mpint(&inner, (struct view){number[1], sizeof number[1]});
    put_string(w, wire_written(&inner));
    return inner.err != OK ? inner.err : w->err;
}

static enum err sign(struct key *key, uint32_t flags, struct view data, struct wire_writer *w)
{
    enum digest digest = libcrypto_digest_named(key->type->digest);
    uint8_t der[DER_SIGNATURE_MAX];
    size_t len = sizeof der;
    enum err err;

    (void)flags; /* they choose RSA's hash */
    err = libcrypto_context(key, digest, &key->contexts[0]);
    if (err == OK) {
        err = libcrypto_sign(key->contexts[0], digest, data, der, &len);
    }
    if (err != OK) {
        return err;
    }
    put_text(w, key->type->name);
    return put_signature(w, der, len);
}

const struct signer signer_ecdsa = {.prepare = prepare, .sign = sign};
