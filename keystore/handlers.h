/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_HANDLERS_H
#define KEYSTORE_HANDLERS_H

#include "request.h"

/* The key of approvals: APPROVAL_KEY_SIZE bytes, which stay the caller's. */
void handlers_init(const uint8_t *token_key);

/*
 * Handles a request of this op, which wants its body alone; returns what the answer says. For an op
 * that there is not, request->protocol is set. `now` is in ms of CLOCK_BOOTTIME.
 */
enum err must_check handlers_answer(uint8_t op, struct request *request, uint64_t now);

#endif
