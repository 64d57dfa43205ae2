/* SPDX-License-Identifier: BSD-2-Clause */
#include "pending.h"

#include <glib-unix.h>

#include "clock.h"

/* libsecret tells a service to take its window away when a call is cancelled, and waits for that.
 */
#define CANCEL_MS 500U

struct pending *pending_new(void)
{
    struct pending *pending = g_new0(struct pending, 1);

    pending->cancellable = g_cancellable_new();
    return pending;
}

static void pending_free(struct pending *pending)
{
    g_object_unref(pending->cancellable);
    g_free(pending);
}

void pending_done(GObject *source, GAsyncResult *result, gpointer data)
{
    struct pending *pending = data;

    (void)source;
    if (pending->abandoned) {
        pending_free(pending);
        return;
    }
    pending->result = g_object_ref(result);
}

static gboolean on_late(gpointer stop)
{
    *(bool *)stop = true;
    return G_SOURCE_CONTINUE; /* run() removes it */
}

static gboolean on_withdrawn(int fd, GIOCondition condition, gpointer stop)
{
    (void)fd;
    (void)condition;
    return on_late(stop);
}

static void run(struct pending *pending, uint64_t deadline, int withdrawn, const bool *gone)
{
    uint64_t now = boottime_ms();
    uint64_t left = deadline > now ? deadline - now : 0;
    bool stop = false;
    guint timer = g_timeout_add(left < UINT_MAX ? (guint)left : UINT_MAX, on_late, &stop);
    guint signal = withdrawn < 0 ? 0 : g_unix_fd_add(withdrawn, G_IO_IN, on_withdrawn, &stop);

    while (pending->result == NULL && !stop && !*gone) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(timer);
    if (signal != 0) {
        g_source_remove(signal);
    }
}

GAsyncResult *pending_wait(struct pending *pending, uint64_t deadline, int withdrawn,
                           const bool *gone)
{
    const bool no = false;
    GAsyncResult *result;

    run(pending, deadline, withdrawn, gone);
    if (pending->result == NULL) {
        g_cancellable_cancel(pending->cancellable);
        run(pending, boottime_ms() + CANCEL_MS, -1, &no);
    }
    result = pending->result;
    if (result == NULL) {
        pending->abandoned = true;
        return NULL;
    }
    pending_free(pending);
    return result;
}
