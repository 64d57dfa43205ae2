/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_LOCK_H
#define KEYSTORE_LOCK_H

#include <stdbool.h>

#include "wire.h"

/*
 * Encrypts the private part of every key in place (XChaCha20-Poly1305) under a key that Argon2id
 * makes of the passphrase, frees every parsed key, and forgets the key: until the passphrase comes
 * back there is nothing to steal. ERR_LOCKED if locked, ERR_NO_MEMORY; nothing has changed then.
 */
enum err must_check lock_close(struct view passphrase);

/*
 * The way back; what was ready is made ready again. ERR_NOT_LOCKED, ERR_PASSPHRASE, ERR_NO_MEMORY:
 * all stays locked. A key that cannot be made ready for lack of memory is made ready by its next
 * signature.
 */
enum err must_check lock_open(struct view passphrase);

bool lock_is_closed(void);

#endif
