/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct raw_key {
    uint8_t ed25519[crypto_sign_ed25519_SECRETKEYBYTES];
    EVP_PKEY *pkey;   /* NULL: ed25519 */
    EVP_MD_CTX *base; /* with the key set up */
    EVP_MD_CTX *work;
};

static EVP_PKEY *make_pkey(const char *name)
{
    if (strcmp(name, "ecdsa-256") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    }
    if (strncmp(name, "rsa-", 4) == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)strtoul(name + 4, NULL, 10));
    }
    errno = 0;
    die("no kind of key: %s", name);
}

struct raw_key *raw_key_make(const char *name)
{
    struct raw_key *key = calloc(1, sizeof *key);
    uint8_t public[crypto_sign_ed25519_PUBLICKEYBYTES];
    const EVP_MD *hash = strncmp(name, "rsa", 3) == 0 ? EVP_sha512() : EVP_sha256();

    if (key == NULL) {
        die("no memory for a key");
    }
    if (strcmp(name, "ed25519-256") == 0) {
        crypto_sign_ed25519_keypair(public, key->ed25519);
        return key;
    }
    key->pkey = make_pkey(name);
    key->base = EVP_MD_CTX_new();
    key->work = EVP_MD_CTX_new();
    if (key->pkey == NULL || key->base == NULL || key->work == NULL ||
        EVP_DigestSignInit(key->base, NULL, hash, NULL, key->pkey) != 1) {
        errno = 0;
        die("libcrypto does not make a key %s", name);
    }
    return key;
}

void raw_key_free(struct raw_key **key)
{
    EVP_MD_CTX_free((*key)->work);
    EVP_MD_CTX_free((*key)->base);
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

size_t raw_sign(struct raw_key *key, struct view data, uint8_t *ret)
{
    unsigned long long ed25519_len = 0;
    size_t len = RAW_MAX;

    if (key->pkey == NULL) {
        crypto_sign_ed25519_detached(ret, &ed25519_len, data.data, data.len, key->ed25519);
        return (size_t)ed25519_len;
    }
    if (EVP_MD_CTX_copy_ex(key->work, key->base) != 1 ||
        EVP_DigestSign(key->work, ret, &len, data.data, data.len) != 1) {
        errno = 0;
        die("libcrypto does not sign");
    }
    return len;
}
