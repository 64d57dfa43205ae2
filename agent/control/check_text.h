/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for programs, and what programs say. Pure. */
#ifndef CONTROL_CHECK_TEXT_H
#define CONTROL_CHECK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/*
 * Text for a shell: as it is if it has only letters, digits and ./_@:%+,=- in it, in quotes
 * otherwise (bash's $'...' if there are bytes that are not printable ASCII). Empty if it does not
 * fit into cap bytes, of which CHECK_QUOTE_MAX(length of text) are always enough. Returns ret.
 */
#define CHECK_QUOTE_MAX(len) (4U * (len) + 4U)
const char *check_quote(char *ret, size_t cap, const char *text);

/*
 * The value of a line "NAME=VALUE" or, with another separator, "NAME VALUE", of a text with many
 * lines, into ret, cut to cap - 1 bytes and a NUL; "" if there is none. The first one counts.
 * Returns ret.
 */
const char *check_get(char *ret, size_t cap, const char *text, char separator, const char *name);

/* Whether busctl's answer of type "as", such as `as 2 "body" "actions"`, has this word. */
bool check_bus_has(const char *text, const char *word);

/* Whether busctl answered `b true`. */
bool check_bus_true(const char *text);

/*
 * Calls take() with each line, its length without the newline; stops when that returns true, and
 * returns whether it did.
 */
bool check_each_line(const char *text, bool (*take)(void *context, const char *line, size_t len),
                     void *context);

#endif
