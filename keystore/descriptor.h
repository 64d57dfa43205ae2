/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_DESCRIPTOR_H
#define KEYSTORE_DESCRIPTOR_H

#include "wire.h"

/*
 * What the descriptors give that came over the side channel, in memory of the arena that is the
 * caller's (secret_free). Neither waits: whoever opened it could keep the process otherwise.
 */

/*
 * The bytes of a regular file, from where it was read last. ERR_FILE_FORMAT: it is no regular file,
 * is empty, or changes while it is read; ERR_TOO_BIG: more than KEY_FILE_MAX; ERR_NO_MEMORY,
 * ERR_SYSTEM.
 */
enum err must_check descriptor_file(int fd, uint8_t **ret, size_t *ret_len);

/*
 * What a pipe holds whose writers are gone. ERR_PASSPHRASE: it is no such pipe, is empty, or has
 * more than PASSPHRASE_MAX bytes; ERR_NO_MEMORY, ERR_SYSTEM.
 */
enum err must_check descriptor_passphrase(int fd, uint8_t **ret, size_t *ret_len);

#endif
