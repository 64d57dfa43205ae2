/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_FINGERPRINT_H
#define AGENT_FINGERPRINT_H

#include "keyblob.h"
#include "limits.h"
#include "options.h"

/* Which hash fingerprints show from now on; SHA-256 if this is not called. */
void fingerprint_use(enum hash hash);

/* Names, length words, and the two largest numbers. */
#define PLAIN_BLOB_MAX (2U * KEY_TYPE_MAX + 16U + 2U * MPINT_MAX)

/*
 * What the fingerprint of a key is of: its blob, or, of a certificate, that of the key inside,
 * which is written to buffer.
 */
struct view fingerprint_subject(const struct public_key *key, struct view blob,
                                uint8_t buffer[PLAIN_BLOB_MAX]);

/* As ssh-keygen -l prints it: SHA256:base64 or MD5:hex. ret has room for FINGERPRINT_MAX bytes. */
void fingerprint(struct view blob, char *ret);

/* Always SHA256:base64. */
void fingerprint_sha256(struct view blob, char *ret);

#endif
