/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_PENDING_H
#define PROMPT_PENDING_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An asynchronous call of GIO that is waited for, but not for ever: give it `cancellable`,
 * pending_done() and itself, and then to pending_wait().
 */
struct pending {
    GCancellable *cancellable;
    GAsyncResult *result;
    bool abandoned;
};

struct pending *pending_new(void);

/* The call's callback; data is the struct pending. */
void pending_done(GObject *source, GAsyncResult *result, gpointer data);

/*
 * Runs the default main context until the call is done, until deadline (ms of CLOCK_BOOTTIME),
 * until withdrawn is readable, or until *gone, which another source of the context sets; then it is
 * cancelled, which the result says. A call that does not
 * even end then is left behind: NULL. Frees pending; the caller unrefs the result.
 */
GAsyncResult *pending_wait(struct pending *pending, uint64_t deadline, int withdrawn,
                           const bool *gone);

#endif
