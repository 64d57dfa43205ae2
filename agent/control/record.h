/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a line of the audit log: a flat JSON object of strings, numbers, true, false and null, in
 * printable ASCII (audit_log.h). Not a JSON library: the file is made by our own agent, nothing in
 * it nests, and this is shorter than a dependency's error handling. Pure.
 */
#ifndef CONTROL_RECORD_H
#define CONTROL_RECORD_H

#include "audit_log.h"
#include "err.h"

#define RECORD_FIELDS_MAX 32U /* a line has 20 */

struct record {
    unsigned count;
    struct {
        const char *name, *value; /* in text */
    } fields[RECORD_FIELDS_MAX];
    char text[AUDIT_LINE_MAX + 4U]; /* a line that breaks off has NULs that no byte stands for */
};

/*
 * Reads len bytes without the newline. Values become text: what a string means, with '?' for what
 * is not printable ASCII; digits; "true" and "false"; nothing for null. Names may be any.
 * ERR_MALFORMED: it is not such an object; ERR_TOO_BIG: past the caps; *ret then means nothing.
 */
enum err must_check record_parse(const char *line, size_t len, struct record *ret);

/* The value of a field; "" if there is none. It lives as long as the record. */
const char *record_get(const struct record *record, const char *name);

#endif
