/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_bus.h"

#include <gio/gio.h>
#include <stdlib.h>

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
