/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_LIBCRYPTO_H
#define KEYSTORE_LIBCRYPTO_H

#include <openssl/types.h>

#include "key.h"

/*
 * Puts all that libcrypto allocates into the arena, and fetches the hashes, once. To be called
 * after secret_init() and before anything else of libcrypto. ERR_CRYPTO.
 */
enum err must_check libcrypto_init(void);

/* Hashes, in the order of libcrypto_digest(). */
enum digest { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGESTS };

/* The hash with libcrypto's name ("SHA256"); DIGESTS if there is none. */
enum digest libcrypto_digest_named(const char *name);

/*
 * Makes *ret, a context that signs hashes of the kind with the key, unless it is there already. It
 * goes with the key (sign_forget). ERR_CRYPTO, ERR_NO_MEMORY.
 */
enum err must_check libcrypto_context(struct key *key, enum digest digest, EVP_PKEY_CTX **ret);

/*
 * Hashes data and signs the hash with the context. Writes the raw signature of libcrypto into
 * signature, *len bytes at most, and sets *len. ERR_CRYPTO.
 */
enum err must_check libcrypto_sign(EVP_PKEY_CTX *context, enum digest digest, struct view data,
                                   uint8_t *signature, size_t *len);

/* Builds key->pkey, both halves, from parameters. ERR_KEY_INVALID where libcrypto refuses them. */
enum err must_check libcrypto_build(struct key *key, const char *algorithm,
                                    OSSL_PARAM_BLD *builder);

/*
 * Why a call of libcrypto failed: ERR_NO_MEMORY if an allocation failed since the errors were
 * cleared, or otherwise, which is what its refusal means.
 */
enum err must_check libcrypto_failure(enum err otherwise);

/*
 * Forgets what failed. The queue of errors holds no secret, but it must not grow from one request
 * to the next; libcrypto fills it also where it can do without what failed.
 */
void libcrypto_clear_errors(void);

/* A number of a view (big-endian), for the caller to BN_clear_free(); NULL without memory. */
BIGNUM *libcrypto_number(struct view v);

#endif
