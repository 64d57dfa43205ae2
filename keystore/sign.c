/* SPDX-License-Identifier: BSD-2-Clause */
#include "sign.h"

#include <openssl/evp.h>

#include "libcrypto.h"

static const struct signer *signer_of(const struct key *key)
{
    static const struct signer *const signers[] = {
        [KEY_ED25519] = &signer_ed25519,
        [KEY_RSA] = &signer_rsa,
        [KEY_ECDSA] = &signer_ecdsa,
    };

    return signers[key->type->kind];
}

enum err sign_prepare(struct key *key)
{
    enum err err;

    if (key->ready) {
        return OK;
    }
    err = signer_of(key)->prepare(key);
    key->ready = err == OK;
    if (err != OK) {
        sign_forget(key);
    }
    libcrypto_clear_errors();
    return err;
}

void sign_forget(struct key *key)
{
    for (size_t i = 0; i < KEY_RSA_DIGESTS; i++) {
        EVP_PKEY_CTX_free(key->contexts[i]);
        key->contexts[i] = NULL;
    }
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
    key->ready = false;
}

enum err sign_data(struct key *key, uint32_t flags, struct view data, struct wire_writer *w)
{
    enum err err;

    if ((flags & ~(SIGN_RSA_SHA2_256 | SIGN_RSA_SHA2_512)) != 0) {
        return ERR_SIGN_FLAGS;
    }
    err = sign_prepare(key);
    if (err == OK) {
        err = signer_of(key)->sign(key, flags, data, w);
        libcrypto_clear_errors();
    }
    return err;
}
