/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_TEXT_H
#define PROMPT_TEXT_H

#include "message.h"

/* Bytes that are shown of what others chose; a longer one ends in "...". */
#define SHOWN_COMMENT_MAX 64U
#define SHOWN_USER_MAX    64U
#define SHOWN_SPACE_MAX   64U
#define SHOWN_NAMES_MAX   128U
#define SHOWN_PATH_MAX    256U

/* What a question says: printable ASCII, and newlines in the body. NUL-terminated. */
struct question_text {
    char title[256];
    char body[1024];
    char while_label[64]; /* empty: not offered */
};

/*
 * All that a client can choose is quoted or limited to characters that cannot end the place where
 * it stands, so that no user name reads like a proved destination. Pure.
 */
void question_text(const struct question *q, struct question_text *ret);

/* What the dialog for a passphrase says; as above. */
struct passphrase_text {
    char title[256];
    char body[1024];
    char label[512]; /* what a stored one is called */
};

/* The path is shown from its end if it is long: there the file's name is. Pure. */
void passphrase_text(const struct passphrase_request *request, struct passphrase_text *ret);

/* Printable ASCII of any text, cut to cap bytes with the NUL; other bytes become '?'. Pure. */
void plain_text(struct view text, char *ret, size_t cap);

#endif
