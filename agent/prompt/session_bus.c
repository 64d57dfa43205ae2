/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_bus.h"

#include <stdbool.h>
#include <stdlib.h>

#include "log.h"

#define CONNECT_MS 2000U

char *session_bus_address(void)
{
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *directory = getenv("XDG_RUNTIME_DIR");
    char *path;
    char *escaped;
    char *found = NULL;

    if (address != NULL && address[0] != '\0') {
        return g_strdup(address);
    }
    if (directory == NULL || directory[0] != '/') {
        return NULL;
    }
    path = g_build_filename(directory, "bus", NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        escaped = g_dbus_address_escape_value(path);
        found = g_strconcat("unix:path=", escaped, NULL);
        g_free(escaped);
    }
    g_free(path);
    return found;
}

struct connecting {
    GDBusConnection *connection;
    GError *error;
    bool done;
};

static void connected(GObject *source, GAsyncResult *result, gpointer data)
{
    struct connecting *connecting = data;

    (void)source;
    connecting->connection = g_dbus_connection_new_for_address_finish(result, &connecting->error);
    connecting->done = true;
}

static gboolean cancel(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_CONTINUE; /* connect_to() removes it */
}

/* What listens at the address need not be a bus, or be alive. */
static GDBusConnection *connect_to(const char *address)
{
    struct connecting connecting = {.connection = NULL};
    GCancellable *cancellable = g_cancellable_new();
    guint timer = g_timeout_add(CONNECT_MS, cancel, cancellable);

    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, cancellable, connected, &connecting);
    while (!connecting.done) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(timer);
    g_object_unref(cancellable);
    if (connecting.connection == NULL) {
        log_line("the session bus cannot be reached: %s", connecting.error->message);
        g_error_free(connecting.error);
    }
    return connecting.connection;
}

GDBusConnection *session_bus_connect(void)
{
    char *address = session_bus_address();
    GDBusConnection *bus = NULL;

    if (address == NULL) {
        log_line("there is no session bus");
    } else {
        bus = connect_to(address);
    }
    g_free(address);
    return bus;
}
