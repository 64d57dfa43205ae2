/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PROTO_H
#define AGENT_PROTO_H

#include "wire.h"

/* Message numbers of the agent protocol (RFC 9987, section 5.1). */
enum agent_message {
    AGENT_FAILURE = 5,
    AGENT_SUCCESS = 6,
    AGENTC_REMOVE_ALL_RSA_IDENTITIES = 9, /* SSH-1; OpenSSH's PROTOCOL.agent of its time */
    AGENTC_REQUEST_IDENTITIES = 11,
    AGENT_IDENTITIES_ANSWER = 12,
    AGENTC_SIGN_REQUEST = 13,
    AGENT_SIGN_RESPONSE = 14,
    AGENTC_ADD_IDENTITY = 17,
    AGENTC_REMOVE_IDENTITY = 18,
    AGENTC_REMOVE_ALL_IDENTITIES = 19,
    AGENTC_ADD_SMARTCARD_KEY = 20,
    AGENTC_REMOVE_SMARTCARD_KEY = 21,
    AGENTC_LOCK = 22,
    AGENTC_UNLOCK = 23,
    AGENTC_ADD_ID_CONSTRAINED = 25,
    AGENTC_ADD_SMARTCARD_KEY_CONSTRAINED = 26,
    AGENTC_EXTENSION = 27,
    AGENT_EXTENSION_FAILURE = 28,
    AGENT_EXTENSION_RESPONSE = 29,
};

/* SIGN_REQUEST's flags (RFC 9987, section 3.6.1). */
#define AGENT_RSA_SHA2_256 2U
#define AGENT_RSA_SHA2_512 4U

/* RFC 9987, section 3.6. */
struct sign_request {
    struct view key_blob;
    struct view data;
    uint32_t flags;
};

/* RFC 9987, section 3.8. */
struct extension {
    struct view name;
    struct view body;
};

/*
 * The bodies of messages, after the type byte; views point into the body. ERR_MALFORMED or
 * ERR_TOO_BIG for bytes that are not exactly such a body; *ret is then untouched. Pure.
 */
/*@
  requires view_valid(body);
  assigns \nothing;
  ensures \result == OK <==> body.len == 0;
*/
enum err must_check proto_empty(struct view body);

/*@
  requires view_valid(body) && \valid(ret) && \separated(ret, body.data + (0 .. body.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_valid(ret->key_blob) && view_valid(ret->data);
  ensures \result == OK ==> view_in(ret->key_blob, body.data, body.len);
  ensures \result == OK ==> view_in(ret->data, body.data, body.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
enum err must_check proto_sign_request(struct view body, struct sign_request *ret);

/*@
  requires view_valid(body) && \valid(ret) && \separated(ret, body.data + (0 .. body.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_valid(ret->name) && view_in(ret->name, body.data, body.len);
  ensures \result == OK ==> view_valid(ret->body) && view_in(ret->body, body.data, body.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
enum err must_check proto_extension(struct view body, struct extension *ret);

/*@
  requires view_valid(body) && \valid(ret) && \separated(ret, body.data + (0 .. body.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_valid(*ret) && view_in(*ret, body.data, body.len);
  ensures \result == OK ==> ret->len <= max;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* REMOVE_IDENTITY's key blob; LOCK's and UNLOCK's passphrase: one string of at most max bytes. */
enum err must_check proto_string(struct view body, size_t max, struct view *ret);

#endif
