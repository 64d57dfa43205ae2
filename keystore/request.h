/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_REQUEST_H
#define KEYSTORE_REQUEST_H

#include "approval.h"
#include "ipc.h"

/*
 * A request of the agent: the fields of ipc.h's table. Those that its op does not have are 0. Views
 * into its bytes.
 */
struct request {
    uint8_t op;      /* enum ipc_op */
    uint32_t agent;  /* ADD, ADD_FILE, REMOVE_ALL */
    uint64_t id;     /* SIGN, UNSEAL, REMOVE */
    uint64_t ticket; /* ADD_FILE, UNSEAL */

    uint32_t default_life; /* ADD, ADD_FILE: seconds, 0 for none */
    bool constrained;      /* ADD */
    struct view message;   /* ADD: a client's bytes, unread */

    struct view qube;         /* SIGN, REVOKE: at most QUBE_NAME_MAX bytes */
    uint32_t flags;           /* SIGN, and what follows */
    bool has_approval;        /* else approval is 0 */
    struct approval approval; /* whose MAC is not looked at */
    struct view data;

    struct view passphrase; /* LOCK, UNLOCK: at most PASSPHRASE_MAX bytes */
    bool all;               /* REVOKE */
};

/*@
  predicate request_known(struct request request) = IPC_ADD <= request.op <= IPC_UNSEAL;

  predicate request_in(struct request request, uint8_t *data, integer len) =
    view_in(request.message, data, len) && view_in(request.qube, data, len) &&
    view_in(request.data, data, len) && view_in(request.passphrase, data, len) &&
    request.qube.len <= QUBE_NAME_MAX && request.passphrase.len <= PASSPHRASE_MAX;
*/

/*@
  requires view_valid(frame) && \valid(ret) && \separated(ret, frame.data + (0 .. frame.len - 1));
  assigns *ret;
  ensures \result == OK ==> request_known(*ret) && request_in(*ret, frame.data, frame.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * Reads a request after its length word; *ret has an op of the table. Pure. Returns ERR_MALFORMED
 * or ERR_TOO_BIG for bytes that no agent of ours sends; *ret is then untouched.
 */
enum err must_check request_read(struct view frame, struct request *ret);

#endif
