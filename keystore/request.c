/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r);
  ensures request_in(\result, \old(r->at), \old(r->left));
*/
static struct request read_sign(struct wire_reader *r)
{
    struct request request = {0};
    struct approval approval = {0};
    struct view bytes;

    request.id = wire_u64(r);
    request.flags = wire_u32(r);
    request.qube = wire_string(r, QUBE_NAME_MAX);
    bytes = wire_string(r, APPROVAL_SIZE);
    request.data = wire_rest(r);
    request.has_approval = bytes.len > 0;
    if (request.has_approval) {
        r->err = approval_parse(bytes, &approval);
    }
    request.approval = approval;
    return request;
}

/*@
  requires reader_valid(r);
  assigns *r;
  ensures reader_valid(r);
  ensures request_in(\result, \old(r->at), \old(r->left));
  ensures r->err == OK ==> request_known(\result);
*/
static struct request read_all(struct wire_reader *r)
{
    struct request request = {0};
    uint8_t op = wire_u8(r);

    switch (op) {
    case IPC_ADD:
        request.agent = wire_u32(r);
        request.constrained = wire_bool(r);
        request.default_life = wire_u32(r);
        request.message = wire_rest(r);
        break;
    case IPC_ADD_FILE:
        request.agent = wire_u32(r);
        request.ticket = wire_u64(r);
        request.default_life = wire_u32(r);
        break;
    case IPC_SIGN:
        request = read_sign(r);
        break;
    case IPC_UNSEAL:
        request.id = wire_u64(r);
        request.ticket = wire_u64(r);
        break;
    case IPC_REMOVE:
        request.id = wire_u64(r);
        break;
    case IPC_REMOVE_ALL:
        request.agent = wire_u32(r);
        break;
    case IPC_EXPIRE:
        break;
    case IPC_LOCK:
    case IPC_UNLOCK:
        request.passphrase = wire_string(r, PASSPHRASE_MAX);
        break;
    case IPC_REVOKE:
        request.all = wire_bool(r);
        request.qube = wire_string(r, QUBE_NAME_MAX);
        break;
    default:
        r->err = ERR_MALFORMED;
        break;
    }
    request.op = op;
    return request;
}

enum err request_read(struct view frame, struct request *ret)
{
    struct wire_reader r = wire_reader(frame.data, frame.len);
    struct request request = read_all(&r);
    enum err err = wire_end(&r);

    if (err == OK) {
        *ret = request;
    }
    return err;
}
