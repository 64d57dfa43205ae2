/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprint of the key in a file, as `ssh-keygen -l` prints it: SHA256:base64. */
#ifndef PROMPT_KEY_NAME_H
#define PROMPT_KEY_NAME_H

#include <stdbool.h>

#include "fingerprint.h"

/* Has this text the form of one? Pure. */
bool key_name_is_fingerprint(const char *text);

/*
 * Of a private key file's first bytes, if they show the public half: openssh-key-v1 (OpenSSH's
 * PROTOCOL.key) does. text is changed. ERR_FILE_PUBLIC: they do not. Pure.
 */
enum err must_check key_name_of_text(char *text, size_t len, char ret[FINGERPRINT_SIZE]);

/*
 * Of the private key file at path: from its own header, or else from path.pub. What was read of the
 * private one was in secret_memory.h's memory alone. ERR_FILE_PUBLIC: neither shows it. ERR_SYSTEM:
 * errno says why it cannot be read.
 */
enum err must_check key_name_of_file(const char *path, char ret[FINGERPRINT_SIZE]);

/* Of a public key file. ERR_FILE_PUBLIC: it is none. ERR_SYSTEM: errno says why. */
enum err must_check key_name_of_public(const char *path, char ret[FINGERPRINT_SIZE]);

#endif
