/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_CONNECTION_H
#define CONTROL_CONNECTION_H

#include "wire.h"

#define CONNECTION_WHY_MAX 320U /* bytes of a sentence with a path */

/*
 * Connects to an agent's socket, sends one message (without its length) and receives the next one
 * into buffer (FRAME_MAX bytes); *ret_answer is a view of it, without its length, which may be
 * empty. Waits timeout_ms at most, all in all. ERR_SYSTEM: a system call failed, the agent
 * closed the connection or did not answer in time. ERR_TOO_BIG: the path of the socket, or the
 * answer, is too long. Each with a sentence in ret_why (CONNECTION_WHY_MAX bytes).
 */
enum err must_check connection_ask(const char *path, struct view message, unsigned timeout_ms,
                                   uint8_t *buffer, struct view *ret_answer, char *ret_why);

#endif
