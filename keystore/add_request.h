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

/*@
  predicate key_in(struct public_key key, uint8_t *data, integer len) =
    view_in(key.n, data, len) && view_in(key.e, data, len) && view_in(key.point, data, len);

  predicate key_valid(struct public_key key) =
    view_valid(key.n) && view_valid(key.e) && view_valid(key.point);

  predicate add_in(struct add_request add, uint8_t *data, integer len) =
    key_in(add.public, data, len) && view_in(add.certificate, data, len) &&
    view_in(add.private_part, data, len) && view_in(add.comment, data, len) &&
    view_in(add.destinations, data, len);
*/

/*@
  requires view_valid(body) && \valid(ret) && \separated(ret, body.data + (0 .. body.len - 1));
  assigns *ret;
  ensures \result == OK ==> key_in(ret->public, body.data, body.len);
  ensures \result == OK ==> view_in(ret->certificate, body.data, body.len);
  ensures \result == OK ==> view_in(ret->private_part, body.data, body.len);
  ensures \result == OK ==> view_in(ret->comment, body.data, body.len);
  ensures \result == OK ==> view_in(ret->destinations, body.data, body.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * Reads the message after its type byte; constrained tells 25 from 17. Pure: neither the numbers
 * nor whether the two halves match is looked at. Returns ERR_KEY_* for a key that is not held,
 * ERR_CONSTRAINT* for a constraint that is not kept, ERR_MALFORMED or ERR_TOO_BIG for bytes that
 * are no such message; *ret is then untouched.
 */
enum err must_check add_request_parse(struct view body, bool constrained, struct add_request *ret);

#endif
