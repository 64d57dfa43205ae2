/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_VERIFY_H
#define AGENT_VERIFY_H

#include "wire.h"

/*
 * Verifies an SSH signature blob (`string algorithm, string signature`) of data by the key of a
 * blob, which may be a certificate; whether the certificate is valid is not asked. Pure.
 *
 * ERR_BAD_SIGNATURE: it does not verify. ERR_KEY_TYPE, ERR_KEY_DSA, ERR_KEY_SK: a key or an
 * algorithm (SHA-1 among them) that is not verified here, so nothing is known. ERR_KEY_INVALID,
 * ERR_MALFORMED, ERR_TOO_BIG: bytes that are no key or no signature. ERR_NO_MEMORY.
 */
enum err must_check verify_signature(struct view key_blob, struct view signature, struct view data);

#endif
