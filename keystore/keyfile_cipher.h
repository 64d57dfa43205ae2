/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_CIPHER_H
#define KEYSTORE_KEYFILE_CIPHER_H

#include "wire.h"

/* The longest key and IV together: two keys of ChaCha20. */
#define KEYFILE_KEY_MAX 64U

/* How the section of an openssh-key-v1 file is encrypted. All sizes in bytes. */
struct keyfile_cipher {
    const char *name;      /* OpenSSH's */
    const char *libcrypto; /* its name there; NULL for chacha20-poly1305@openssh.com */
    size_t key_len;        /* comes first in what bcrypt derives */
    size_t iv_len;         /* comes second */
    size_t block;          /* the section is a multiple of it */
    size_t tag_len;        /* stands behind the section; 0 where nothing authenticates it */
};

/* The cipher with OpenSSH's name; NULL if it is not read, which "none" is neither. */
const struct keyfile_cipher *keyfile_cipher_find(struct view name);

/*
 * Decrypts in.len bytes, a multiple of the block, into out, which has room for as many. key is
 * key_len + iv_len bytes, tag is tag_len. ERR_PASSPHRASE: the tag is not that of this key and these
 * bytes. ERR_NO_MEMORY, ERR_CRYPTO. What out then holds is nothing.
 */
enum err must_check keyfile_cipher_decrypt(const struct keyfile_cipher *cipher, const uint8_t *key,
                                           struct view in, struct view tag, uint8_t *out);

#endif
