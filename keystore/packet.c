/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet.h"

enum err packet_read(struct view bytes, struct packet *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct packet packet = {0};
    enum err err;

    packet.type = wire_u8(&r);
    packet.ticket = wire_u64(&r);
    switch (packet.type) {
    case SIDE_FILE:
        packet.confirm = wire_bool(&r);
        packet.life = wire_u32(&r);
        packet.public = wire_string(&r, CERTIFICATE_MAX);
        packet.certificate = wire_string(&r, CERTIFICATE_MAX);
        packet.comment = wire_string(&r, SIDE_COMMENT_MAX);
        break;
    case SIDE_PASSPHRASE:
    case SIDE_DROP:
        break;
    default:
        r.err = ERR_MALFORMED;
        break;
    }
    err = wire_end(&r);
    if (err == OK) {
        *ret = packet;
    }
    return err;
}
