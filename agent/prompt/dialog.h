/* SPDX-License-Identifier: BSD-2-Clause */
/* What a child of the broker shows: a question with its answers, or a bubble. */
#ifndef SPLIT_SSH_DIALOG_H
#define SPLIT_SSH_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "child.h"
#include "wire.h"

enum dialog_kind { DIALOG_QUESTION, DIALOG_BUBBLE };

/* Text is printable ASCII; the body may have newlines. */
struct dialog {
    char title[CHILD_INPUT_MAX];
    char body[CHILD_INPUT_MAX];
    char while_label[CHILD_INPUT_MAX]; /* of the button that allows for a while; or empty */
    uint32_t timeout_ms;               /* of a question */
    const char *yes;                   /* what the button of a yes says, */
    const char *no;                    /* that of a no, */
    const char *asks;                  /* and the last line where there are no such buttons */
};

enum dialog_answer {
    DIALOG_ONCE,
    DIALOG_WHILE,
    DIALOG_DENY,
    DIALOG_TIMEOUT,
    DIALOG_WITHDRAWN, /* SIGTERM: nobody wants to know any more */
};

/*
 * The next string of r as text that leaves room for its NUL; lines: newlines are text, too. What is
 * no text makes r fail.
 */
void dialog_take_text(struct wire_reader *r, bool lines, char ret[CHILD_INPUT_MAX]);

/*
 * Parses what child.h says that the broker sends; pure. ERR_MALFORMED: not that, an empty title, or
 * bytes that are no text. ERR_TOO_BIG: more than CHILD_INPUT_MAX bytes.
 */
enum err must_check dialog_parse(struct view bytes, enum dialog_kind kind, struct dialog *ret);

/* Reads fd to its end and parses that. Errors: those of dialog_parse(); ERR_SYSTEM with errno. */
enum err must_check dialog_read(int fd, enum dialog_kind kind, struct dialog *ret);

#endif
