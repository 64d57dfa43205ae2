/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_PEM_H
#define KEYSTORE_KEYFILE_PEM_H

#include "keyfile.h"

/*
 * PEM: PKCS #1 (RFC 8017), SEC 1 (RFC 5915), PKCS #8 (RFC 5958), encrypted with PBES2 (RFC 8018),
 * PKCS #12's derivation (RFC 7292) or as RFC 1421 has it. libcrypto reads the text and decrypts.
 */

/* keyfile_parse() of PEM text that starts with "-----BEGIN". Also ERR_NO_MEMORY. */
enum err must_check pem_parse(struct view text, struct keyfile *ret);

/*
 * Opens it; passphrase is not used where the file is not sealed. The caller owns *ret.
 * ERR_PASSPHRASE: it is wrong, or the file is damaged. Else as of pem_parse().
 */
enum err must_check pem_open(struct view text, struct view passphrase, struct keyfile_key *ret);

#endif
