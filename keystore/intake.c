/* SPDX-License-Identifier: BSD-2-Clause */
#include "intake.h"

struct room intake_room(const struct intake *in)
{
    return (struct room){in->bytes + in->have, INTAKE_SIZE - in->have};
}

enum err intake_add(struct intake *in, size_t n, struct view *ret)
{
    size_t len;
    enum err err;

    in->have += n;
    err = frame_length(in->bytes, in->have, IPC_MAX, &len);
    if (err != OK) {
        return err;
    }
    if (len > 0 && in->have > FRAMING_LENGTH + len) {
        return ERR_MALFORMED;
    }
    if (in->have < FRAMING_LENGTH + len) {
        len = 0;
    }
    ret->data = in->bytes + FRAMING_LENGTH;
    ret->len = len;
    return OK;
}
