/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_CONNECTION_H
#define CONTROL_CONNECTION_H

#include "wire.h"

#define CONNECTION_WHY_MAX 320U /* bytes of a sentence with a path */

/* Where the agent is: the path given with -a, or else SSH_AUTH_SOCK, or else the packages' path. */
const char *connection_path(const char *given);

/*
 * Connects to an agent's socket, sends one message (without its length) and receives the next one
 * into buffer (FRAME_MAX bytes); *ret_answer is a view of it, without its length, which may be
 * empty. Waits timeout_ms at most, all in all. ERR_SYSTEM: a system call failed (errno; ENOENT and
 * ECONNREFUSED: nobody listens), the agent closed the connection (0) or did not answer in time
 * (ETIMEDOUT). ERR_TOO_BIG: the path of the socket, or the answer, is too long. Each with a
 * sentence in ret_why (CONNECTION_WHY_MAX bytes).
 */
enum err must_check connection_ask(const char *path, struct view message, unsigned timeout_ms,
                                   uint8_t *buffer, struct view *ret_answer, char *ret_why);

/*
 * The same on a connection that begins with other bytes: the descriptor of a call, as qrexec writes
 * it (agent/peer.h). An empty view is none.
 */
enum err must_check connection_call(const char *path, struct view descriptor, struct view message,
                                    unsigned timeout_ms, uint8_t *buffer, struct view *ret_answer,
                                    char *ret_why);

/*
 * Sends a descriptor, which may be empty, and a message over a connected stream socket that does
 * not block, and receives the next message; deadline: ms of CLOCK_BOOTTIME. Errors as above,
 * without a sentence.
 */
enum err must_check connection_exchange(int fd, struct view descriptor, struct view message,
                                        uint64_t deadline, uint8_t *buffer,
                                        struct view *ret_answer);

#endif
