/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_BCRYPT_PBKDF_H
#define KEYSTORE_BCRYPT_PBKDF_H

#include "wire.h"

/*
 * bcrypt_pbkdf(3) of OpenBSD, in steps, so that whoever has other work to do can do it in between.
 * It is PBKDF2 (RFC 8018, section 5.2) with three changes: the pseudorandom function is a bcrypt
 * with SHA-512 hashes for password and salt; the salt's hash, not the salt, is chained; and the
 * blocks are dealt out over the key byte by byte, so that no part of the key comes cheaper.
 */
struct bcrypt_pbkdf;

#define BCRYPT_PBKDF_MAX 64U /* bytes of a derived key: two blocks, more than any cipher takes */

/*
 * Starts to derive len bytes. Everything is in the arena; the views are not used after this call.
 * The caller owns *ret. ERR_TOO_BIG: len is 0 or more than BCRYPT_PBKDF_MAX. ERR_MALFORMED: no
 * passphrase, no salt or no rounds, which bcrypt_pbkdf(3) refuses too. ERR_NO_MEMORY.
 */
enum err must_check bcrypt_pbkdf_begin(struct view passphrase, struct view salt, uint32_t rounds,
                                       size_t len, struct bcrypt_pbkdf **ret);

/* Some tens of microseconds of work, one of 130 such parts of a round. True: it is done. */
bool bcrypt_pbkdf_step(struct bcrypt_pbkdf *kdf);

/* The derived key, len bytes, after bcrypt_pbkdf_step() has said true. */
void bcrypt_pbkdf_result(const struct bcrypt_pbkdf *kdf, uint8_t *ret);

/* Wipes and frees, at any time; *kdf becomes NULL. NULL is fine. */
void bcrypt_pbkdf_end(struct bcrypt_pbkdf **kdf);

#endif
