/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto.h"

#include "limits.h"

enum err proto_empty(struct view body)
{
    return body.len == 0 ? OK : ERR_MALFORMED;
}

enum err proto_sign_request(struct view body, struct sign_request *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct sign_request request;
    enum err err;

    request.key_blob = wire_string(&r, FRAME_MAX);
    request.data = wire_string(&r, FRAME_MAX);
    request.flags = wire_u32(&r);
    err = wire_end(&r);
    if (err == OK) {
        *ret = request;
    }
    return err;
}

enum err proto_extension(struct view body, struct extension *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct extension extension;
    enum err err;

    extension.name = wire_string(&r, FRAME_MAX);
    extension.body = wire_rest(&r);
    err = wire_end(&r);
    if (err == OK) {
        *ret = extension;
    }
    return err;
}

enum err proto_string(struct view body, size_t max, struct view *ret)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view string = wire_string(&r, max);
    enum err err = wire_end(&r);

    if (err == OK) {
        *ret = string;
    }
    return err;
}
