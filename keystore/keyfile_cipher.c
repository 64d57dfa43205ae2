/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile_cipher.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "libcrypto.h"

const struct keyfile_cipher *keyfile_cipher_find(struct view name)
{
    static const struct keyfile_cipher ciphers[] = {
        {"aes256-ctr", "AES-256-CTR", 32, 16, 16, 0},
        {"aes192-ctr", "AES-192-CTR", 24, 16, 16, 0},
        {"aes128-ctr", "AES-128-CTR", 16, 16, 16, 0},
        {"aes256-cbc", "AES-256-CBC", 32, 16, 16, 0},
        {"aes192-cbc", "AES-192-CBC", 24, 16, 16, 0},
        {"aes128-cbc", "AES-128-CBC", 16, 16, 16, 0},
        {"aes256-gcm@openssh.com", "AES-256-GCM", 32, 12, 16, 16},
        {"aes128-gcm@openssh.com", "AES-128-GCM", 16, 12, 16, 16},
        {"chacha20-poly1305@openssh.com", NULL, 64, 0, 8, 16},
        {"3des-cbc", "DES-EDE3-CBC", 24, 8, 8, 0},
    };

    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        if (view_is(name, ciphers[i].name)) {
            return &ciphers[i];
        }
    }
    return NULL;
}

/*
 * OpenSSH's PROTOCOL.chacha20poly1305, for the packet with sequence number 0 and no length: the
 * first half of the key is that of the payload, the second one that of lengths. Block 0 of the
 * stream is Poly1305's key, the payload starts with block 1.
 */
static enum err decrypt_chacha20(const uint8_t *key, struct view in, struct view tag, uint8_t *out)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    uint8_t auth_key[crypto_onetimeauth_poly1305_KEYBYTES];
    int wrong;

    crypto_stream_chacha20(auth_key, sizeof auth_key, nonce, key);
    wrong = crypto_onetimeauth_poly1305_verify(tag.data, in.data, in.len, auth_key);
    sodium_memzero(auth_key, sizeof auth_key);
    if (wrong != 0) {
        return ERR_PASSPHRASE;
    }
    crypto_stream_chacha20_xor_ic(out, in.data, in.len, nonce, 1, key);
    return OK;
}

static enum err decrypt_evp(EVP_CIPHER_CTX *context, const EVP_CIPHER *evp,
                            const struct keyfile_cipher *cipher, const uint8_t *key, struct view in,
                            struct view tag, uint8_t *out)
{
    int len = 0;
    int last = 0;

    if (EVP_DecryptInit_ex2(context, evp, key, key + cipher->key_len, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        (cipher->tag_len > 0 && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)tag.len,
                                                    (void *)tag.data) != 1) ||
        EVP_DecryptUpdate(context, out, &len, in.data, (int)in.len) != 1) {
        return libcrypto_failure(ERR_CRYPTO);
    }
    if (EVP_DecryptFinal_ex(context, out + len, &last) != 1) {
        return libcrypto_failure(cipher->tag_len > 0 ? ERR_PASSPHRASE : ERR_CRYPTO);
    }
    return (size_t)len + (size_t)last == in.len ? OK : ERR_CRYPTO;
}

enum err keyfile_cipher_decrypt(const struct keyfile_cipher *cipher, const uint8_t *key,
                                struct view in, struct view tag, uint8_t *out)
{
    EVP_CIPHER_CTX *context;
    EVP_CIPHER *evp;
    enum err err;

    if (cipher->libcrypto == NULL) {
        return decrypt_chacha20(key, in, tag, out);
    }
    libcrypto_clear_errors();
    context = EVP_CIPHER_CTX_new();
    evp = EVP_CIPHER_fetch(NULL, cipher->libcrypto, NULL);
    if (context == NULL || evp == NULL) {
        err = libcrypto_failure(ERR_CRYPTO);
    } else {
        err = decrypt_evp(context, evp, cipher, key, in, tag, out);
    }
    EVP_CIPHER_free(evp);
    EVP_CIPHER_CTX_free(context);
    libcrypto_clear_errors();
    return err;
}
