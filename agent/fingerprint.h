/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_FINGERPRINT_H
#define AGENT_FINGERPRINT_H

#include "options.h"
#include "wire.h"

/* Which hash fingerprints show from now on; SHA-256 if this is not called. */
void fingerprint_use(enum hash hash);

/* As ssh-keygen -l prints it: SHA256:base64 or MD5:hex. ret has room for FINGERPRINT_MAX bytes. */
void fingerprint(struct view blob, char *ret);

/* Always SHA256:base64. */
void fingerprint_sha256(struct view blob, char *ret);

#endif
