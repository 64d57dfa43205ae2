/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_AGENT_SOCKETS_H
#define PROMPT_AGENT_SOCKETS_H

#include "err.h"
#include "unix_socket.h"

/*
 * May sockets be made in this directory? ERR_DENIED: it is not a whole path, not there, not ours,
 * or others may write to it; ret_why says so.
 */
enum err must_check agent_sockets_check(const char *directory, char ret_why[UNIX_WHY_MAX]);

/*
 * Makes directory/NAME.sock, mode 0600, and listens there; the caller owns *ret_fd, and the agent
 * removes the file in the end. Errors of unix_listen(), with why.
 */
enum err must_check agent_socket_make(const char *directory, const char *name, int *ret_fd,
                                      char ret_why[UNIX_WHY_MAX]);

#endif
