/* SPDX-License-Identifier: BSD-2-Clause */
#include "notification_server.h"

#include "log.h"
#include "session_bus.h"

static GVariant *call(GDBusConnection *connection, const char *to, const char *path,
                      const char *interface, const char *method, GVariant *args,
                      const char *reply_type)
{
    GVariantType *type = g_variant_type_new(reply_type);
    GError *error = NULL;
    GVariant *reply;

    reply = g_dbus_connection_call_sync(connection, to, path, interface, method, args, type,
                                        G_DBUS_CALL_FLAGS_NONE, SERVER_CALL_MS, NULL, &error);
    g_variant_type_free(type);
    if (reply == NULL) {
        log_line("the notification server fails: %s: %s", method, error->message);
        g_error_free(error);
    }
    return reply;
}

/* Its capabilities; only now is it certain that there is one. */
static enum err ask_capabilities(struct notification_server *server)
{
    GVariant *reply = call(server->connection, NOTIFICATIONS_NAME, NOTIFICATIONS_PATH,
                           NOTIFICATIONS_NAME, "GetCapabilities", NULL, "(as)");
    GVariantIter *names;
    const char *name;

    if (reply == NULL) {
        return ERR_NOT_FOUND;
    }
    g_variant_get(reply, "(as)", &names);
    while (g_variant_iter_next(names, "&s", &name)) {
        server->actions |= g_str_equal(name, "actions");
        server->markup |= g_str_equal(name, "body-markup");
    }
    g_variant_iter_free(names);
    g_variant_unref(reply);
    return OK;
}

static enum err ask_owner(struct notification_server *server)
{
    GVariant *reply = call(server->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", "GetNameOwner",
                           g_variant_new("(s)", NOTIFICATIONS_NAME), "(s)");

    if (reply == NULL) {
        return ERR_NOT_FOUND;
    }
    g_variant_get(reply, "(s)", &server->owner);
    g_variant_unref(reply);
    return OK;
}

enum err notification_server_find(struct notification_server *ret)
{
    struct notification_server server = {.connection = NULL};
    enum err err;

    server.connection = session_bus_connect();
    if (server.connection == NULL) {
        return ERR_NOT_FOUND;
    }
    err = ask_capabilities(&server);
    if (err == OK) {
        err = ask_owner(&server);
    }
    if (err != OK) {
        notification_server_free(&server);
        return err;
    }
    *ret = server;
    return OK;
}

void notification_server_free(struct notification_server *server)
{
    g_clear_object(&server->connection);
    g_free(server->owner);
    server->owner = NULL;
}

GVariant *notification_server_call(const struct notification_server *server, const char *method,
                                   GVariant *args, const char *reply_type)
{
    return call(server->connection, server->owner, NOTIFICATIONS_PATH, NOTIFICATIONS_NAME, method,
                args, reply_type);
}
