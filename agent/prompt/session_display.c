/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_display.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "session_bus.h"

#define TIMEOUT_MS 1000

static const char *const wanted[] = {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"};

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

/* NAME=VALUE, as the manager lists them. */
static void adopt(const char *variable)
{
    const char *value = strchr(variable, '=');

    for (size_t i = 0; value != NULL && i < G_N_ELEMENTS(wanted); i++) {
        size_t len = (size_t)(value - variable);

        if (strlen(wanted[i]) == len && strncmp(variable, wanted[i], len) == 0) {
            setenv(wanted[i], value + 1, 1);
        }
    }
}

/* org.freedesktop.systemd1(5): the manager's property Environment. NULL: it does not say. */
static GVariant *ask_manager(GDBusConnection *bus)
{
    GVariant *reply = g_dbus_connection_call_sync(
        bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
        "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", "org.freedesktop.systemd1.Manager", "Environment"),
        G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT_MS, NULL, NULL);
    GVariant *value = NULL;

    if (reply != NULL) {
        g_variant_get(reply, "(v)", &value);
        g_variant_unref(reply);
    }
    if (value != NULL && !g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY)) {
        g_variant_unref(value);
        value = NULL;
    }
    return value;
}

void session_display_adopt(void)
{
    GDBusConnection *bus;
    GVariant *environment;
    const char *variable;
    GVariantIter iter;

    if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) {
        return;
    }
    bus = session_bus_connect();
    if (bus == NULL) {
        return;
    }
    environment = ask_manager(bus);
    if (environment != NULL) {
        g_variant_iter_init(&iter, environment);
        while (g_variant_iter_next(&iter, "&s", &variable)) {
            adopt(variable);
        }
        g_variant_unref(environment);
    }
    g_object_unref(bus);
}
