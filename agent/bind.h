/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_BIND_H
#define AGENT_BIND_H

#include "limits.h"
#include "wire.h"

#define HOST_KEY_HASH_SIZE 32U /* SHA-256 of the blob: what a fingerprint shows */

/* One session-bind@openssh.com (OpenSSH's PROTOCOL.agent, section 1). */
struct binding {
    uint8_t session_id[SESSION_ID_MAX];
    size_t session_id_len; /* bytes */
    struct view host_key;  /* the blob, at most HOST_KEY_MAX bytes, on the heap */
    uint8_t host_key_hash[HOST_KEY_HASH_SIZE];
    bool forwarding; /* the session forwards the agent; else it authenticates */
    bool verified;   /* false: a host key of a type that we cannot verify */
};

/* All of a connection. Starts as zero bytes; bindings_clear() frees what is in it. */
struct bindings {
    struct binding binding[BINDINGS_MAX];
    size_t count;
    bool failed; /* a bind was refused: the connection may sign nothing any more */
};

/*
 * Reads the extension's body (`string host key, string session id, string signature, bool
 * is_forwarding`), verifies the host's signature over the session id and records it. One that
 * repeats an earlier one in all but the signature is good and changes nothing. Pure.
 *
 * ERR_KEY_TYPE, ERR_KEY_DSA, ERR_KEY_SK: the host key cannot be verified here; recorded so.
 * Everything else sets failed: ERR_BOUND where it is set already; ERR_BAD_SIGNATURE; ERR_DENIED for
 * a session that is bound already to another host key or for the other use, or after a session that
 * authenticates; ERR_TOO_BIG past BINDINGS_MAX or HOST_KEY_MAX; ERR_NO_MEMORY; and
 * verify_signature()'s.
 */
enum err must_check bind_record(struct bindings *bindings, struct view body);

/* Back to zero bytes. */
void bindings_clear(struct bindings *bindings);

#endif
