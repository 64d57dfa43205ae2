/* SPDX-License-Identifier: BSD-2-Clause */
#include <sodium.h>

#include "secret.h"
#include "sign.h"

/* The private part is `string (seed || public key)`, which is libsodium's form of a secret key. */
static const uint8_t *secret_key(const struct key *key)
{
    return key->private_part + 4;
}

static enum err prepare(struct key *key)
{
    uint8_t derived_public[crypto_sign_PUBLICKEYBYTES];
    uint8_t *derived_secret;
    struct public_key public;
    enum err err;

    if (key->private_len != 4 + crypto_sign_SECRETKEYBYTES) {
        return ERR_KEY_INVALID;
    }
    err = public_key_parse((struct view){key->blob, key->blob_len}, &public);
    if (err != OK) {
        return err;
    }
    derived_secret = secret_alloc(crypto_sign_SECRETKEYBYTES);
    if (derived_secret == NULL) {
        return ERR_NO_MEMORY;
    }
    crypto_sign_seed_keypair(derived_public, derived_secret, secret_key(key));
    if (sodium_memcmp(derived_secret, secret_key(key), crypto_sign_SECRETKEYBYTES) != 0 ||
        memcmp(derived_public, public.point.data, sizeof derived_public) != 0) {
        err = ERR_KEY_MISMATCH;
    }
    secret_free(derived_secret);
    return err;
}

static enum err sign(struct key *key, uint32_t flags, struct view data, struct wire_writer *w)
{
    uint8_t signature[crypto_sign_BYTES];

    (void)flags; /* they choose RSA's hash */
    if (crypto_sign_detached(signature, NULL, data.data, data.len, secret_key(key)) != 0) {
        return ERR_CRYPTO;
    }
    put_text(w, key->type->name);
    put_string(w, (struct view){signature, sizeof signature});
    return w->err;
}

const struct signer signer_ed25519 = {.prepare = prepare, .sign = sign};
