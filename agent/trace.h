/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent is the keystore's tracer (ptrace(2)), and never looks into it: a process has at most
 * one tracer, so nobody else can become it, not even root, and read the registers in which a key is
 * used. A tracer has to send its process on whenever a signal stops it; that, too, is done here.
 */
#ifndef AGENT_TRACE_H
#define AGENT_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/*
 * Traces a child of ours, one in our life, that is not stopped by it; the kernel kills it when we
 * end, however we end. Where that is refused (somebody traces the child already, the system forbids
 * ptrace), the log says once what is weaker, and all else here has nothing to do.
 */
void trace_begin(pid_t pid);

/* Has the event loop send the traced process on. ERR_SYSTEM. */
enum err must_check trace_watch(void);

/*
 * Waits before there is a loop: until fd can be read, timeout_ms (-1: none) after the traced
 * process was last sent on. False: the time is over.
 */
bool trace_wait(int fd, int timeout_ms);

/* Sends the traced process on if it has stopped; at the end, when nobody watches any more. */
void trace_resume(void);

/* The traced process, 0 for none; trace_resume() makes PTRACE_CONT and PTRACE_LISTEN for it. */
pid_t trace_pid(void);

#endif
