/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_H
#define KEYSTORE_KEYFILE_H

#include "add_request.h"

/*
 * Private key files: openssh-key-v1 (OpenSSH's PROTOCOL.key), and PEM of PKCS#1, SEC1 and PKCS#8
 * (RFC 7468, RFC 8017, RFC 5915, RFC 5958), encrypted or not. What is read and what it is decrypted
 * to are in the arena for secrets and nowhere else; to be called on the stack in the arena.
 */

/* A file that was read; `bytes` is the caller's, views point into it. */
struct keyfile {
    bool pem;         /* bytes are the PEM text from its first "-----BEGIN" on */
    bool sealed;      /* a passphrase is needed */
    struct view blob; /* openssh-key-v1: the key blob in the clear header; empty for PEM */
    /* openssh-key-v1 */
    const struct keyfile_cipher *cipher; /* keyfile_cipher.h; NULL for none */
    uint32_t rounds;                     /* of bcrypt; 0 when not sealed */
    struct view salt;
    struct view secret; /* the section that may be encrypted */
    struct view tag;    /* of an authenticated cipher */
};

/* A private key out of a file: add is as of an ADD message, with views into bytes. */
struct keyfile_key {
    uint8_t *bytes; /* secret_alloc()ed */
    struct add_request add;
};

/*
 * Finds the private key in the text of a file (KEY_FILE_MAX bytes at most): the base64 of
 * openssh-key-v1 is decoded, PEM stays text. The caller owns *ret (secret_free). ERR_FILE_FORMAT,
 * ERR_TOO_BIG, ERR_NO_MEMORY.
 */
enum err must_check keyfile_decode(struct view text, uint8_t **ret, size_t *ret_len);

/*
 * What stands in decoded bytes, as far as it is readable without a passphrase. ERR_FILE_FORMAT,
 * ERR_FILE_CIPHER, ERR_FILE_ROUNDS, ERR_KEY_* for a key that is not held, ERR_NO_MEMORY.
 */
enum err must_check keyfile_parse(struct view bytes, struct keyfile *ret);

/*
 * A file that is not sealed. The caller owns *ret. ERR_SEALED, ERR_KEY_MISMATCH where the header
 * shows another public half than the key has, else as of keyfile_parse(). Whether the private
 * numbers belong to the public half is for key_new() to check.
 */
enum err must_check keyfile_open(const struct keyfile *file, struct view bytes,
                                 struct keyfile_key *ret);

/* Wipes and frees. */
void keyfile_key_free(struct keyfile_key *key);

/*
 * Opens a sealed file, in steps. The struct and the bytes that it works on are in the arena.
 */
struct unseal;

/*
 * For a file that is sealed. passphrase is copied (PEM), or hashed at once; bytes are not, and stay
 * until unseal_end(). ERR_NO_MEMORY; ERR_TOO_BIG for more than PASSPHRASE_MAX.
 */
enum err must_check unseal_begin(const struct keyfile *file, struct view bytes,
                                 struct view passphrase, struct unseal **ret);

/*
 * Some tens of microseconds of work on openssh-key-v1; PEM is done in one step, which libcrypto
 * does not let us divide. True: it is done.
 */
bool unseal_step(struct unseal *unseal);

/*
 * Once, after unseal_step() has said true; the caller owns *ret. ERR_PASSPHRASE: it is wrong, or
 * the file is damaged, which cannot be told apart; else as of keyfile_open().
 */
enum err must_check unseal_result(struct unseal *unseal, struct keyfile_key *ret);

/* Wipes and frees, at any time; *unseal becomes NULL. NULL is fine. */
void unseal_end(struct unseal **unseal);

#endif
