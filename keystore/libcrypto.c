/* SPDX-License-Identifier: BSD-2-Clause */
#include "libcrypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "secret.h"

static EVP_MD *digests[DIGESTS];
static const char *const digest_names[DIGESTS] = {"SHA1", "SHA256", "SHA384", "SHA512"};

/*
 * An allocation failed. libcrypto's own words for it differ from place to place, up to "invalid
 * key", and a key that is good must not be called that.
 */
static bool starved;

static void *crypto_alloc(size_t n, const char *file, int line)
{
    void *p = secret_alloc(n);

    (void)file;
    (void)line;
    starved = starved || p == NULL;
    return p;
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (n == 0) { /* CRYPTO_realloc(3) */
        secret_free(p);
        return NULL;
    }
    p = secret_realloc(p, n);
    starved = starved || p == NULL;
    return p;
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    secret_free(p);
}

enum err libcrypto_init(void)
{
    /* No configuration: a file that loads an engine has no business in the process of the keys. */
    const uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT;

    if (CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free) != 1 ||
        OPENSSL_init_crypto(options, NULL) != 1) {
        return ERR_CRYPTO;
    }
    for (size_t i = 0; i < DIGESTS; i++) {
        digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
        if (digests[i] == NULL) {
            return ERR_CRYPTO;
        }
    }
    return OK;
}

enum digest libcrypto_digest_named(const char *name)
{
    enum digest i = 0;

    while (i < DIGESTS && strcmp(digest_names[i], name) != 0) {
        i++;
    }
    return i;
}

enum err libcrypto_context(struct key *key, enum digest digest, EVP_PKEY_CTX **ret)
{
    EVP_PKEY_CTX *context;

    if (*ret != NULL) {
        return OK;
    }
    context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (context == NULL) {
        return ERR_NO_MEMORY;
    }
    if (EVP_PKEY_sign_init(context) != 1 ||
        (key->type->kind == KEY_RSA &&
         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1) ||
        EVP_PKEY_CTX_set_signature_md(context, digests[digest]) != 1) {
        EVP_PKEY_CTX_free(context);
        return libcrypto_failure(ERR_CRYPTO);
    }
    *ret = context;
    return OK;
}

enum err libcrypto_sign(EVP_PKEY_CTX *context, enum digest digest, struct view data,
                        uint8_t *signature, size_t *len)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned int hash_len = 0;

    if (EVP_Digest(data.data, data.len, hash, &hash_len, digests[digest], NULL) != 1 ||
        EVP_PKEY_sign(context, signature, len, hash, hash_len) != 1) {
        return libcrypto_failure(ERR_CRYPTO);
    }
    return OK;
}

enum err libcrypto_build(struct key *key, const char *algorithm, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    enum err err = OK;

    if (context == NULL || params == NULL) {
        err = ERR_NO_MEMORY;
    } else if (EVP_PKEY_fromdata_init(context) != 1 ||
               EVP_PKEY_fromdata(context, &key->pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        err = libcrypto_failure(ERR_KEY_INVALID);
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return err;
}

enum err libcrypto_failure(enum err otherwise)
{
    return starved ? ERR_NO_MEMORY : otherwise;
}

void libcrypto_clear_errors(void)
{
    ERR_clear_error();
    starved = false;
}

BIGNUM *libcrypto_number(struct view v)
{
    BIGNUM *number = BN_bin2bn(v.data, (int)v.len, NULL);

    if (number != NULL) {
        BN_set_flags(number, BN_FLG_CONSTTIME);
    }
    return number;
}
