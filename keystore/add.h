/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_ADD_H
#define KEYSTORE_ADD_H

#include "request.h"

/* Handlers (handlers.h) of ADD and ADD_FILE (ipc.h). */
enum err must_check handle_add(const struct request *request, struct wire_writer *answer);
enum err must_check handle_add_file(const struct request *request, struct wire_writer *answer);

#endif
