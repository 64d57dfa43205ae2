/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_RENDER_H
#define CONTROL_RENDER_H

#include <stdio.h>

#include "record.h"

/*
 * One line for a person, in local time:
 *
 *   2026-11-22 10:15:03  dev  allowed  key "work" SHA256:...  log in as git to github.com
 *   (host key verified)  [notification, 3.2 s]
 */
void render(const struct record *record, FILE *stream);

/* The name of who asked as it stands in a line: a qube, or IN_THE_VAULT. */
const char *render_qube(const struct record *record);

#endif
