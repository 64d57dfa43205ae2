/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of a policy file. inih skips, cuts or takes for something else what it does not like: a
 * long line, a long section name, text behind "]", " ;" inside a value, an indented line; how much
 * depends on how it was built. So each line is looked at here before inih sees it. Pure.
 */
#ifndef AGENT_POLICY_LINES_H
#define AGENT_POLICY_LINES_H

#include "limits.h"
#include "wire.h"

#define LINE_BLANKS " \t"

struct lines {
    const char *at; /* what is left of the file */
    size_t left;
    unsigned number; /* of the last line, from 1; 0 before the first one */
};

/* Begins with a file's content; the byte order mark of some editors is skipped. */
struct lines lines_of(struct view content);

/*
 * The next line, which there is (left > 0), without its end and the blanks before it; of an empty
 * line and of a comment nothing. ERR_MALFORMED: bytes that are no text, or a comment behind
 * something else; ERR_TOO_BIG: more than POLICY_LINE_MAX bytes, of something that is no comment.
 * What is wrong is then in why (WHY_MAX bytes).
 */
enum err must_check lines_next(struct lines *lines, const char **ret_line, size_t *ret_len,
                               char *why);

/* "[name]" and nothing else: the name, in ret_name (POLICY_LINE_MAX bytes). ERR_MALFORMED. */
enum err must_check line_section(const char *line, size_t len, char *ret_name, char *why);

#endif
