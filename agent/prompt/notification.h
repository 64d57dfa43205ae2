/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions and bubbles as desktop notifications. */
#ifndef SPLIT_SSH_NOTIFICATION_H
#define SPLIT_SSH_NOTIFICATION_H

#include "dialog.h"

/*
 * Asks with buttons, until somebody answers, until deadline (ms of CLOCK_BOOTTIME), or until
 * withdrawn (a signalfd) is readable; then the notification is closed. Closing it by hand is a no;
 * what happens in its first half second is not an answer. ERR_NOT_FOUND, with a log line: there is
 * no server that can ask, or it went away before somebody answered, so ask in another way.
 */
enum err must_check notification_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                                     enum dialog_answer *ret);

/* Shows a bubble, and does not wait for its end. ERR_NOT_FOUND: there is no server. */
enum err must_check notification_tell(const struct dialog *dialog);

#endif
