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
    uint8_t host_key_hash[HOST_KEY_HASH_SIZE];
    bool forwarding; /* the session forwards the agent; else it authenticates */
    bool verified;   /* false: a host key of a type that we cannot verify */
};

/* All of a connection. Starts as zero bytes. */
struct bindings {
    struct binding binding[BINDINGS_MAX];
    size_t count;
    bool failed; /* a bind was refused: the connection may sign nothing any more */
};

/*
 * Reads the extension's body (`string host key, string session id, string signature, bool
 * is_forwarding`), verifies the host's signature over the session id and records it. Pure.
 *
 * ERR_KEY_TYPE, ERR_KEY_DSA, ERR_KEY_SK: the host key cannot be verified here; recorded so.
 * Everything else sets failed: ERR_BOUND where it is set already; ERR_BAD_SIGNATURE; ERR_DENIED for
 * a session that is bound already, or after a session that authenticates; ERR_TOO_BIG past
 * BINDINGS_MAX; and verify_signature()'s.
 */
enum err must_check bind_record(struct bindings *bindings, struct view body);

#endif
