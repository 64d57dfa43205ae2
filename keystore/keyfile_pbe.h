/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_PBE_H
#define KEYSTORE_KEYFILE_PBE_H

#include "wire.h"

/*
 * EncryptedPrivateKeyInfo (RFC 5958, section 3), encrypted with PBES2 and PBKDF2 (RFC 8018), or
 * with Triple DES and PKCS #12's derivation (RFC 7292, appendix C).
 */

/*
 * Is it encrypted in a way that is read? ERR_FILE_FORMAT. ERR_FILE_CIPHER: in another one; scrypt
 * too, which would take more memory than the arena has. ERR_FILE_ROUNDS: more than
 * PBKDF2_ITERATIONS_MAX.
 */
enum err must_check pbe_check(struct view der);

/*
 * Decrypts what pbe_check() has found fine. *ret is libcrypto's, for the caller to OPENSSL_free(),
 * which wipes it. ERR_PASSPHRASE, ERR_FILE_FORMAT, ERR_NO_MEMORY.
 */
enum err must_check pbe_decrypt(struct view der, struct view passphrase, uint8_t **ret,
                                size_t *ret_len);

#endif
