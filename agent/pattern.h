/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PATTERN_H
#define AGENT_PATTERN_H

#include "wire.h"

/*
 * A pattern with * and ?, as ssh_config(5), PATTERNS, has them, against all of a text; in time
 * that grows with the product of both lengths at most, whatever the pattern. Pure.
 */
bool pattern_match(const char *pattern, struct view text);

/* The same, without regard to case (ASCII). */
bool pattern_match_nocase(const char *pattern, struct view text);

/* The same for a pattern that is a part of something. */
bool pattern_match_view(struct view pattern, struct view text);
bool pattern_match_view_nocase(struct view pattern, struct view text);

/* Has it neither * nor ?, so that it matches just itself? */
bool pattern_is_literal(struct view pattern);

#endif
