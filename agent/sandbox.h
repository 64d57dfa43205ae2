/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include "listener.h"

/*
 * Closes the process off for good, before the first byte of any client: Landlock that leaves the
 * removal of its own sockets and the files of the directory log ("" for none), and a list of system
 * calls (seccomp(2)) without exec, fork and new sockets; a call that is not on it kills the
 * process. traced is the process that may be sent on after a stop (trace.h), 0 for none; ptrace(2)
 * is good for nothing else then. prompt is the one socket that a descriptor may come over.
 * ERR_SYSTEM after the reason was reported. A kernel without Landlock is reported and no error.
 */
enum err must_check sandbox_enter(const struct listeners *listeners, pid_t traced, int prompt,
                                  const char *log);

/* For people; "" before sandbox_enter(). */
const char *sandbox_describe(void);

#endif
