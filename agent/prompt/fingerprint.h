/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_FINGERPRINT_H
#define PROMPT_FINGERPRINT_H

#include "wire.h"

#define FINGERPRINT_PREFIX "SHA256:"
#define FINGERPRINT_SIZE   64U /* bytes for one, with its NUL */

/*
 * SHA256:... of a key blob, as `ssh-add -l` and `ssh-keygen -l` print it: a certificate has its
 * plain key's. Returns ret. Pure.
 */
const char *fingerprint_of(struct view blob, char ret[FINGERPRINT_SIZE]);

#endif
