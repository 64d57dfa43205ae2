/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_SIGN_H
#define KEYSTORE_SIGN_H

#include "key.h"

/* Flags of SIGN_REQUEST (RFC 9987, section 3.6.1). */
#define SIGN_RSA_SHA2_256 2U
#define SIGN_RSA_SHA2_512 4U

/*
 * Makes a key ready to sign: parses it, checks that both halves belong together, sets libcrypto's
 * objects up. No effect on a key that is ready. ERR_KEY_MISMATCH, ERR_KEY_INVALID,
 * ERR_KEY_RSA_SIZE, ERR_NO_MEMORY, ERR_CRYPTO.
 */
enum err must_check sign_prepare(struct key *key);

/* Frees what sign_prepare() made; the arena wipes it. The private part stays. */
void sign_forget(struct key *key);

/*
 * Appends a signature blob, `string algorithm, string signature`, to *w: RFC 8709 section 6
 * (ed25519), RFC 5656 section 3.1.2 (ECDSA), RFC 8332 section 3 (RSA; SIGNATURE_MAX bytes at most).
 * flags count for RSA alone and choose the hash; 0 is SHA-1. ERR_SIGN_FLAGS for unknown ones;
 * ERR_CRYPTO and what sign_prepare() returns.
 */
enum err must_check sign_data(struct key *key, uint32_t flags, struct view data,
                              struct wire_writer *w);

/* What a kind of key does to be made ready and to sign; see above. */
struct signer {
    enum err (*prepare)(struct key *key);
    enum err (*sign)(struct key *key, uint32_t flags, struct view data, struct wire_writer *w);
};

extern const struct signer signer_ed25519; /* sign_ed25519.c, libsodium */
extern const struct signer signer_rsa;     /* sign_rsa.c, libcrypto */
extern const struct signer signer_ecdsa;   /* sign_ecdsa.c, libcrypto */

#endif
