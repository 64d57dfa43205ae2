/* SPDX-License-Identifier: BSD-2-Clause */
#include "passphrase_question.h"

#include "key_name.h"

enum err passphrase_question_parse(struct view bytes, struct passphrase_question *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct passphrase_question q = {.look_up = false};
    enum err err;

    if (bytes.len > CHILD_INPUT_MAX) {
        return ERR_TOO_BIG;
    }
    dialog_take_text(&r, false, q.dialog.title);
    dialog_take_text(&r, true, q.dialog.body);
    dialog_take_text(&r, false, q.fingerprint);
    dialog_take_text(&r, false, q.label);
    q.look_up = wire_bool(&r);
    q.dialog.timeout_ms = wire_u32(&r);
    err = wire_end(&r);
    if (err == OK && (q.dialog.title[0] == '\0' || q.label[0] == '\0' ||
                      !key_name_is_fingerprint(q.fingerprint))) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret = q;
    }
    return err;
}
