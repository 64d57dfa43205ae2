/* SPDX-License-Identifier: BSD-2-Clause */
#include "reading.h"

#include "add_request.h"

enum err read_add(struct view message, bool constrained, struct wire_writer *blob,
                  struct reading *ret)
{
    struct add_request add;
    enum err err = add_request_parse(message, constrained, &add);

    if (err != OK) {
        return err;
    }
    if (add.certificate.len > 0) {
        put_bytes(blob, add.certificate.data, add.certificate.len);
    } else {
        put_public_key(blob, &add.public);
    }
    *ret = (struct reading){add.life, add.confirm, add.comment, add.destinations};
    return blob->err;
}
