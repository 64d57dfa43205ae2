/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_ADD_H
#define KEYSTORE_ADD_H

#include "request.h"

/* Handlers (request.h) of ADD and ADD_FILE (ipc.h). */
enum err must_check handle_add(struct request *request);
enum err must_check handle_add_file(struct request *request);

#endif
