/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_PASSPHRASE_QUESTION_H
#define PROMPT_PASSPHRASE_QUESTION_H

#include "dialog.h"

/* What a "passphrase" child is to get (child.h). */
struct passphrase_question {
    struct dialog dialog;
    char fingerprint[CHILD_INPUT_MAX];
    char label[CHILD_INPUT_MAX]; /* of what is stored */
    bool look_up;
};

/*
 * Parses the bytes after the length; pure. ERR_MALFORMED: not that, bytes that are no text, an
 * empty title or label, or no fingerprint. ERR_TOO_BIG.
 */
enum err must_check passphrase_question_parse(struct view bytes, struct passphrase_question *ret);

#endif
