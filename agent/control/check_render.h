/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_CHECK_RENDER_H
#define CONTROL_CHECK_RENDER_H

#include <stdio.h>

#include "check.h"

/* For a person: a line for each finding, its mending command below it, a summary. */
void check_render_text(const struct check_report *report, FILE *stream);

/*
 * For a program: one JSON object on one line (RFC 8259).
 *
 *   {"steps":[{"side":"vault","step":"switch","verdict":"ok","what":"...","mend":null,"where":null},
 *   ...],"summary":{"ok":1,"note":0,"wrong":0,"skipped":0}}
 *
 * verdict: "ok", "note", "wrong" or "skipped". mend: a command, or null; where it has to be typed:
 * "here", "dom0", "the template" or "the vault". Printable ASCII; another byte stands as \u00XX.
 */
void check_render_json(const struct check_report *report, FILE *stream);

#endif
