/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEY_H
#define KEYSTORE_KEY_H

#include <openssl/types.h>

#include "add_request.h"

/* Room behind the private part for what encrypts it while the agent is locked (lock.c). */
#define KEY_TAG_SIZE   16U
#define KEY_NONCE_SIZE 24U

#define KEY_RSA_DIGESTS 3U

/*
 * One identity. The private part is in the arena for secrets and nowhere else; blob and comment are
 * public and in ordinary memory. A key that is ready has its libcrypto objects, which live in the
 * arena too; one that is not is made ready by its next signature. A key that is sealed has the
 * bytes of its file for a private part (keyfile.h) and is never ready.
 */
struct key {
    uint64_t id;
    uint64_t serial; /* of this addition to the table; no other key or addition ever has it */
    uint32_t agent;  /* whose it is (ipc.h) */
    const struct key_type *type;
    uint8_t *blob;
    size_t blob_len; /* bytes */
    uint8_t *comment;
    size_t comment_len;    /* bytes */
    uint8_t *private_part; /* private_len bytes, then the tag, then the nonce */
    size_t private_len;
    uint64_t deadline; /* ms of CLOCK_BOOTTIME; 0 for none */
    bool confirm;
    bool sealed;

    bool ready;
    bool was_ready;                          /* before the lock, while there is one */
    EVP_PKEY *pkey;                          /* RSA and ECDSA, when ready */
    EVP_PKEY_CTX *contexts[KEY_RSA_DIGESTS]; /* kept from one signature to the next */
};

/*
 * Makes a key of a request, with copies of what it needs, and makes it ready, which checks that
 * both halves belong together. The caller owns *ret (key_free). ERR_NO_MEMORY, ERR_KEY_INVALID,
 * ERR_KEY_RSA_SIZE, ERR_KEY_MISMATCH, ERR_CRYPTO.
 */
enum err must_check key_new(const struct add_request *add, struct key **ret);

/*
 * The same of a file, without looking at the private part: hundreds of files are added at once, of
 * which few are used. With `sealed`, that is the bytes of the file. ERR_NO_MEMORY,
 * ERR_KEY_RSA_SIZE.
 */
enum err must_check key_of_file(const struct add_request *add, bool sealed, struct key **ret);

/*
 * Puts what was read from its file in the place of a sealed key's private part, and makes it ready.
 * ERR_KEY_MISMATCH: that is no key of this public half; else as of key_new(). It stays sealed then.
 */
enum err must_check key_open(struct key *key, const struct add_request *add);

/*
 * sign_data() with a key that may be the first to find that there is no more room in the arena: it
 * signs, and is not kept ready. ERR_SEALED.
 */
enum err must_check key_sign(struct key *key, uint32_t flags, struct view data,
                             struct wire_writer *w);

/* Wipes and frees; *key becomes NULL. NULL is fine. */
void key_free(struct key **key);

#endif
