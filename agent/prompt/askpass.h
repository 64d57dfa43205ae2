/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions by an askpass program, as OpenSSH starts it: it knows yes and no. */
#ifndef SPLIT_SSH_ASKPASS_H
#define SPLIT_SSH_ASKPASS_H

#include "dialog.h"

/*
 * Runs $SSH_ASKPASS, or the first of the usual ones that is installed, until it ends, until
 * deadline (ms of CLOCK_BOOTTIME), or until withdrawn (a signalfd) is readable; then it is ended,
 * with what it started. A yes is exit status 0 with nothing or "yes" on its standard output, as
 * OpenSSH's agent has it: who typed something else into a program that does not know the question's
 * kind meant no. Makes the caller lead a process group, and needs SIGTERM blocked. ERR_NOT_FOUND:
 * no display, or no such program. ERR_SYSTEM, with a log line: it could not be started, or crashed.
 */
enum err must_check askpass_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                                enum dialog_answer *ret);

#endif
