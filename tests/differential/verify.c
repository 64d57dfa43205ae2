/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "differential.h"

#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"

/* NULL: libcrypto does not take it. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *list)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(list);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(list);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_PKEY *read_rsa(struct wire_reader *r)
{
    OSSL_PARAM_BLD *list = OSSL_PARAM_BLD_new();
    struct view e = wire_mpint(r, FRAME_MAX);
    struct view n = wire_mpint(r, FRAME_MAX);
    BIGNUM *e_number = BN_bin2bn(e.data, (int)e.len, NULL);
    BIGNUM *n_number = BN_bin2bn(n.data, (int)n.len, NULL);
    EVP_PKEY *pkey;

    if (list == NULL || e_number == NULL || n_number == NULL ||
        OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_N, n_number) != 1 ||
        OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_E, e_number) != 1) {
        die("out of memory");
    }
    pkey = from_params("RSA", list);
    BN_free(e_number);
    BN_free(n_number);
    return pkey;
}

static EVP_PKEY *read_ecdsa(struct wire_reader *r)
{
    OSSL_PARAM_BLD *list = OSSL_PARAM_BLD_new();
    struct view curve = wire_string(r, KEY_TYPE_MAX);
    struct view point = wire_string(r, FRAME_MAX);
    const char *name = view_is(curve, "nistp256")   ? "P-256"
                       : view_is(curve, "nistp384") ? "P-384"
                                                    : "P-521";

    if (list == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(list, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(list, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) !=
            1) {
        die("out of memory");
    }
    return from_params("EC", list);
}

/* The key of a blob, and its plain type in ret_type. */
static EVP_PKEY *read_blob(struct view blob, char *ret_type, size_t cap)
{
    const size_t suffix = strlen(CERTIFICATE_SUFFIX);
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct view type = wire_string(&r, KEY_TYPE_MAX);
    struct view point;

    if (type.len > suffix &&
        memcmp(type.data + type.len - suffix, CERTIFICATE_SUFFIX, suffix) == 0) {
        type.len -= suffix;
        wire_string(&r, FRAME_MAX); /* nonce */
    }
    if (r.err != OK || type.len >= cap) {
        return NULL;
    }
    memcpy(ret_type, type.data, type.len);
    ret_type[type.len] = '\0';
    if (view_is(type, "ssh-rsa")) {
        return read_rsa(&r);
    }
    if (strncmp(ret_type, "ecdsa-sha2-", 11) == 0) {
        return read_ecdsa(&r);
    }
    point = wire_string(&r, 32);
    return point.len == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.data, 32)
                           : NULL;
}

/* ECDSA's as libcrypto has it: DER, in ret; its length, or 0. */
static size_t der_of(struct view raw, uint8_t *ret, size_t cap)
{
    struct wire_reader reader = wire_reader(raw.data, raw.len);
    struct view r = wire_mpint(&reader, 67);
    struct view s = wire_mpint(&reader, 67);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    int len = -1;

    if (pair == NULL || ECDSA_SIG_set0(pair, BN_bin2bn(r.data, (int)r.len, NULL),
                                       BN_bin2bn(s.data, (int)s.len, NULL)) != 1) {
        die("out of memory");
    }
    if (wire_end(&reader) == OK && (size_t)i2d_ECDSA_SIG(pair, NULL) <= cap) {
        len = i2d_ECDSA_SIG(pair, &ret);
    }
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

/* The digest of an algorithm that a key of this type has. */
static bool find_digest(struct view algorithm, const char *type, const EVP_MD **ret)
{
    if (strcmp(type, "ssh-rsa") == 0) {
        *ret = view_is(algorithm, "rsa-sha2-512")   ? EVP_sha512()
               : view_is(algorithm, "rsa-sha2-256") ? EVP_sha256()
               : view_is(algorithm, "ssh-rsa")      ? EVP_sha1()
                                                    : NULL;
        return *ret != NULL;
    }
    *ret = strcmp(type, "ecdsa-sha2-nistp256") == 0   ? EVP_sha256()
           : strcmp(type, "ecdsa-sha2-nistp384") == 0 ? EVP_sha384()
           : strcmp(type, "ecdsa-sha2-nistp521") == 0 ? EVP_sha512()
                                                      : NULL;
    return view_is(algorithm, type);
}

bool verify(struct view blob, struct view signature, struct view data)
{
    struct wire_reader r = wire_reader(signature.data, signature.len);
    struct view algorithm = wire_string(&r, KEY_TYPE_MAX);
    struct view raw = wire_string(&r, FRAME_MAX);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *digest = NULL;
    EVP_PKEY *pkey = NULL;
    uint8_t der[256];
    char type[KEY_TYPE_MAX + 1] = "";
    bool good = wire_end(&r) == OK && context != NULL;

    if (good) {
        pkey = read_blob(blob, type, sizeof type);
        good = pkey != NULL && find_digest(algorithm, type, &digest);
    }
    if (good && strncmp(type, "ecdsa-", 6) == 0) {
        raw = (struct view){der, der_of(raw, der, sizeof der)};
    }
    good = good && EVP_DigestVerifyInit(context, NULL, digest, NULL, pkey) == 1 &&
           EVP_DigestVerify(context, raw.data, raw.len, data.data, data.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return good;
}
