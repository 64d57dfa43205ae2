/* SPDX-License-Identifier: BSD-2-Clause */
#include "dialog.h"

#include <errno.h>
#include <unistd.h>

void dialog_take_text(struct wire_reader *r, bool lines, char ret[CHILD_INPUT_MAX])
{
    struct view v = wire_string(r, CHILD_INPUT_MAX - 1);

    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];

        if ((c < 0x20 || c > 0x7e) && !(lines && c == '\n')) {
            r->err = ERR_MALFORMED;
            return;
        }
        ret[i] = (char)c;
    }
    ret[v.len] = '\0';
}

enum err dialog_parse(struct view bytes, enum dialog_kind kind, struct dialog *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct dialog dialog = {
        .yes = "Allow once", .no = "Deny", .asks = "Allow this once?", .timeout_ms = 0};
    enum err err;

    if (bytes.len > CHILD_INPUT_MAX) {
        return ERR_TOO_BIG;
    }
    dialog_take_text(&r, false, dialog.title);
    dialog_take_text(&r, true, dialog.body);
    if (kind == DIALOG_QUESTION) {
        dialog_take_text(&r, false, dialog.while_label);
        dialog.timeout_ms = wire_u32(&r);
    }
    err = wire_end(&r);
    if (err == OK && dialog.title[0] == '\0') {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret = dialog;
    }
    return err;
}

enum err dialog_read(int fd, enum dialog_kind kind, struct dialog *ret)
{
    uint8_t bytes[CHILD_INPUT_MAX + 1];
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, bytes + len, sizeof bytes - len);
        if (n < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && len < sizeof bytes);
    return dialog_parse((struct view){.data = bytes, .len = len}, kind, ret);
}
