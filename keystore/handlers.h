/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_HANDLERS_H
#define KEYSTORE_HANDLERS_H

#include "request.h"

/* The key of approvals: APPROVAL_KEY_SIZE bytes, which stay the caller's. */
void handlers_init(const uint8_t *token_key);

/*
 * Handles a request, on the stack in the arena, and writes the body of the answer, which counts
 * with OK alone; returns what the answer says. `now` is in ms of CLOCK_BOOTTIME.
 */
enum err must_check handlers_answer(const struct request *request, uint64_t now,
                                    struct wire_writer *answer);

#endif
