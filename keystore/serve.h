/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_SERVE_H
#define KEYSTORE_SERVE_H

#include <stdint.h>

#include "err.h"

/* Sends HELLO with these descriptions (ipc.h). ERR_SYSTEM. */
enum err must_check serve_hello(const char *memory, const char *sandbox);

/*
 * Answers the requests on IPC_FD, one after the other (ipc.h), until the agent closes it, and takes
 * what comes on IPC_SIDE_FD (side_ipc.h). Returns the exit status of the process, an enum ipc_exit;
 * keys are the caller's to wipe. The token key has APPROVAL_KEY_SIZE bytes and stays the caller's.
 */
int serve(const uint8_t *token_key);

#endif
