/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A notification server in the place of those that no test machine has: Qubes' proxy to dom0, and
 * ones that behave badly.
 *   notification-server CAPABILITIES REACTION...
 * CAPABILITIES: names with commas between them. The first notification gets the first REACTION, and
 * so on; the last one is for all that come after it:
 *   none       stays open
 *   KEY        that button is pressed as soon as the notification is there, which closes it
 *   late:KEY   ... a second later
 *   expire     it is closed as one that was there long enough
 *   dismiss    it is closed by the user, a second later
 * On standard output: "ready", and a line for what was shown and what was closed; text is escaped
 * as in C. Has no CloseNotification if "no-close" is among the capabilities.
 */
#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME    "org.freedesktop.Notifications"
#define PATH    "/org/freedesktop/Notifications"
#define LATE_MS 1000U

static const char description[] =
    "<node><interface name='" NAME "'>"
    "<method name='GetCapabilities'><arg type='as' direction='out'/></method>"
    "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='as' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='u' direction='out'/></method>"
    "<method name='CloseNotification'><arg type='u' direction='in'/></method>"
    "</interface></node>";

static char **capabilities;
static char **reactions;
static uint32_t shown;

struct event {
    GDBusConnection *connection;
    const char *reaction;
    uint32_t id;
};

static void emit(GDBusConnection *connection, const char *signal, GVariant *args)
{
    g_dbus_connection_emit_signal(connection, NULL, PATH, NAME, signal, args, NULL);
}

static gboolean react(gpointer data)
{
    struct event *event = data;
    const char *key =
        g_str_has_prefix(event->reaction, "late:") ? event->reaction + 5 : event->reaction;
    bool expire = g_str_equal(key, "expire");

    if (!expire && !g_str_equal(key, "dismiss")) {
        emit(event->connection, "ActionInvoked", g_variant_new("(us)", event->id, key));
    }
    emit(event->connection, "NotificationClosed", g_variant_new("(uu)", event->id, expire ? 1 : 2));
    g_free(event);
    return G_SOURCE_REMOVE;
}

static void plan(GDBusConnection *connection, uint32_t id)
{
    struct event *event = g_new0(struct event, 1);
    bool late;

    event->connection = connection;
    event->reaction = reactions[0];
    event->id = id;
    if (reactions[1] != NULL) {
        reactions++;
    }
    if (g_str_equal(event->reaction, "none")) {
        g_free(event);
        return;
    }
    late = g_str_has_prefix(event->reaction, "late:") || g_str_equal(event->reaction, "dismiss");
    g_timeout_add(late ? LATE_MS : 0, react, event);
}

static uint32_t notify(GVariant *args)
{
    const char *summary;
    const char *body;
    const char **actions;
    GVariant *hints;
    guint8 urgency = 0;
    char *safe_summary;
    char *safe_body;
    char *list;

    g_variant_get(args, "(&su&s&s&s^a&s@a{sv}i)", NULL, NULL, NULL, &summary, &body, &actions,
                  &hints, NULL);
    g_variant_lookup(hints, "urgency", "y", &urgency);
    safe_summary = g_strescape(summary, NULL);
    safe_body = g_strescape(body, NULL);
    list = g_strjoinv(",", (char **)actions);
    printf("shown %u [%s] [%s] [%s] urgency %d\n", ++shown, safe_summary, safe_body, list, urgency);
    g_free(safe_summary);
    g_free(safe_body);
    g_free(list);
    g_free(actions);
    g_variant_unref(hints);
    return shown;
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *args,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    uint32_t id;

    (void)sender;
    (void)path;
    (void)interface;
    (void)data;
    if (g_str_equal(method, "GetCapabilities")) {
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(^as)", capabilities));
    } else if (g_str_equal(method, "Notify")) {
        id = notify(args);
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(u)", id));
        plan(connection, id);
    } else if (g_strv_contains((const char *const *)capabilities, "no-close")) {
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.freedesktop.DBus.Error.UnknownMethod", "no such method");
    } else {
        g_variant_get(args, "(u)", &id);
        printf("closed %u\n", id);
        g_dbus_method_invocation_return_value(invocation, NULL);
    }
}

static void on_name(GDBusConnection *connection, const char *name, gpointer data)
{
    (void)connection;
    (void)name;
    (void)data;
    puts("ready");
}

static void on_no_name(GDBusConnection *connection, const char *name, gpointer data)
{
    (void)connection;
    (void)data;
    fprintf(stderr, "%s is taken, or there is no bus\n", name);
    exit(1);
}

static void on_bus(GDBusConnection *connection, const char *name, gpointer data)
{
    static const GDBusInterfaceVTable table = {.method_call = on_call};
    GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(description, NULL);

    (void)name;
    (void)data;
    if (g_dbus_connection_register_object(connection, PATH, node->interfaces[0], &table, NULL, NULL,
                                          NULL) == 0) {
        exit(1);
    }
    g_dbus_node_info_unref(node);
}

int main(int argc, char **argv)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);

    if (argc < 3) {
        fprintf(stderr, "usage: %s CAPABILITIES REACTION...\n", argv[0]);
        return 64;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    capabilities = g_strsplit(argv[1], ",", -1);
    reactions = argv + 2;
    g_bus_own_name(G_BUS_TYPE_SESSION, NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_bus, on_name,
                   on_no_name, NULL, NULL);
    g_main_loop_run(loop);
    return 0;
}
