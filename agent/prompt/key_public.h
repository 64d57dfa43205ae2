/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_PUBLIC_H
#define PROMPT_KEY_PUBLIC_H

#include "limits.h"
#include "wire.h"

/* NAME.pub or NAME-cert.pub: `type base64 comment` (sshd(8), AUTHORIZED_KEYS, without options). */
struct key_public {
    bool certificate;
    size_t len;
    uint8_t blob[CERTIFICATE_MAX]; /* len bytes */
    struct view comment;           /* into the text; may be empty */
};

/*
 * The first line that is not empty and no comment. *ret is changed on failure, too. ERR_NOT_FOUND:
 * there is none. ERR_MALFORMED: it is no public key. ERR_TOO_BIG: more than CERTIFICATE_MAX bytes.
 * Pure.
 */
enum err must_check key_public_parse(struct view text, struct key_public *ret);

#endif
