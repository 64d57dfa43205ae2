/* SPDX-License-Identifier: BSD-2-Clause */
#include "bind_request.h"

enum err bind_request_parse(struct view body, struct bind_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct bind_request request;
    enum err err;

    request.host_key = wire_string(&r, HOST_KEY_MAX);
    request.session_id = wire_string(&r, SESSION_ID_MAX);
    request.signature = wire_string(&r, FRAME_MAX);
    request.forwarding = wire_bool(&r);
    err = wire_end(&r);
    if (err == OK && request.session_id.len == 0) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret = request;
    }
    return err;
}
