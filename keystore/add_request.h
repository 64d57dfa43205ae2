/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_ADD_REQUEST_H
#define KEYSTORE_ADD_REQUEST_H

#include "keyblob.h"

/* An ADD_IDENTITY or ADD_ID_CONSTRAINED message (RFC 9987, section 3.2); views into its bytes. */
struct add_request {
    struct public_key public;
    struct view certificate; /* the certificate's blob; empty for a plain key */
    /*
     * The private fields as they stand in the message, the same for a key and its certificate:
     * ed25519 string (seed || public), RSA mpints d iqmp p q, ECDSA mpint d.
     */
    struct view private_part;
    struct view comment; /* bytes of any encoding, but no NUL */
    uint32_t life;       /* seconds; 0 for none */
    bool has_life;       /* a life of 0 seconds is over at once */
    bool confirm;
    /* What restrict-destination-v00@openssh.com holds, unread and not empty; else empty. */
    struct view destinations;
};

/*
 * Reads the message after its type byte; constrained tells 25 from 17. Pure: neither the numbers
 * nor whether the two halves match is looked at. Returns ERR_KEY_* for a key that is not held,
 * ERR_CONSTRAINT* for a constraint that is not kept, ERR_MALFORMED or ERR_TOO_BIG for bytes that
 * are no such message; *ret is then untouched.
 */
enum err must_check add_request_parse(struct view body, bool constrained, struct add_request *ret);

#endif
