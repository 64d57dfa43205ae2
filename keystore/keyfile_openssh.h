/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_OPENSSH_H
#define KEYSTORE_KEYFILE_OPENSSH_H

#include "keyfile.h"

/* The format openssh-key-v1: OpenSSH's PROTOCOL.key. */

/* Does it start as one? */
bool openssh_is(struct view bytes);

/* keyfile_parse() of one. */
enum err must_check openssh_parse(struct view bytes, struct keyfile *ret);

/*
 * Reads the file's section, decrypted, from len bytes at plain, which are the callee's from then
 * on: *ret's, or freed. ERR_PASSPHRASE: the check numbers differ, in a file that is sealed.
 * ERR_KEY_MISMATCH: its public half is not that of the header. ERR_FILE_FORMAT, ERR_KEY_*.
 */
enum err must_check openssh_open(const struct keyfile *file, uint8_t *plain, size_t len,
                                 struct keyfile_key *ret);

#endif
