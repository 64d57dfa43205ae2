/* SPDX-License-Identifier: BSD-2-Clause */
#include "lock.h"

#include <assert.h>
#include <sodium.h>

#include "keytable.h"
#include "secret.h"
#include "sign.h"

#define CIPHER_KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES

static_assert(KEY_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
static_assert(KEY_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");

static struct {
    bool closed;
    uint8_t salt[crypto_pwhash_SALTBYTES];
    /* A byte under the key: proves a passphrase also where no key is loaded. */
    uint8_t proof_nonce[KEY_NONCE_SIZE];
    uint8_t proof[1];
    uint8_t proof_tag[KEY_TAG_SIZE];
} lock;

/* The caller frees *ret. A tenth of a second and 64 MiB for each guess. */
static enum err derive(struct view passphrase, uint8_t **ret)
{
    uint8_t *key = secret_alloc(CIPHER_KEY_SIZE);

    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    if (crypto_pwhash(key, CIPHER_KEY_SIZE, (const char *)passphrase.data, passphrase.len,
                      lock.salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                      crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        secret_free(key);
        return ERR_NO_MEMORY;
    }
    *ret = key;
    return OK;
}

static void encrypt(struct key *key, const uint8_t *cipher_key)
{
    uint8_t *tag = key->private_part + key->private_len;
    uint8_t *nonce = tag + KEY_TAG_SIZE;

    key->was_ready = key->ready;
    sign_forget(key);
    randombytes_buf(nonce, KEY_NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
        key->private_part, tag, NULL, key->private_part, key->private_len, key->blob, key->blob_len,
        NULL, nonce, cipher_key);
}

static enum err decrypt(struct key *key, const uint8_t *cipher_key)
{
    const uint8_t *tag = key->private_part + key->private_len;
    const uint8_t *nonce = tag + KEY_TAG_SIZE;

    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            key->private_part, NULL, key->private_part, key->private_len, tag, key->blob,
            key->blob_len, nonce, cipher_key) != 0) {
        return ERR_CRYPTO;
    }
    return key->was_ready ? sign_prepare(key) : OK;
}

enum err lock_close(struct view passphrase)
{
    struct key *key;
    uint8_t *cipher_key;
    size_t slot = 0;
    enum err err;

    if (lock.closed) {
        return ERR_LOCKED;
    }
    randombytes_buf(lock.salt, sizeof lock.salt);
    randombytes_buf(lock.proof_nonce, sizeof lock.proof_nonce);
    err = derive(passphrase, &cipher_key);
    if (err != OK) {
        return err;
    }
    lock.proof[0] = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(lock.proof, lock.proof_tag, NULL,
                                                        lock.proof, sizeof lock.proof, NULL, 0,
                                                        NULL, lock.proof_nonce, cipher_key);
    while ((key = keytable_next(&slot)) != NULL) {
        encrypt(key, cipher_key);
    }
    lock.closed = true;
    secret_free(cipher_key);
    return OK;
}

enum err lock_open(struct view passphrase)
{
    uint8_t proof[sizeof lock.proof];
    struct key *key;
    uint8_t *cipher_key;
    size_t slot = 0;
    enum err err;

    if (!lock.closed) {
        return ERR_NOT_LOCKED;
    }
    err = derive(passphrase, &cipher_key);
    if (err != OK) {
        return err;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(proof, NULL, lock.proof,
                                                            sizeof lock.proof, lock.proof_tag, NULL,
                                                            0, lock.proof_nonce, cipher_key) != 0) {
        err = ERR_PASSPHRASE;
        goto out;
    }
    while ((key = keytable_next(&slot)) != NULL) {
        /* Only want of memory can fail here, and the next signature tries again. */
        enum err ignored = decrypt(key, cipher_key);
        (void)ignored;
    }
    lock.closed = false;
out:
    secret_free(cipher_key);
    return err;
}

bool lock_is_closed(void)
{
    return lock.closed;
}
