/* SPDX-License-Identifier: BSD-2-Clause */
#include "notification.h"

#include <glib-unix.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "notification_server.h"

/* Somebody who was about to click or type something else has not read the question. */
#define TOO_EARLY_MS 500U
/* How long after such a click its closing of the notification may come: servers fade them out. */
#define CLOSING_MS 1000U
/* A server that closes it by itself each time cannot ask. */
#define SHOWN_MAX 20U

/* Names of actions: Qubes' proxy to dom0 takes a letter, then letters, digits, "-", "." and "_". */
#define ACTION_ONCE  "allow-once"
#define ACTION_WHILE "allow-while"
#define ACTION_DENY  "deny"

/* Desktop Notifications Specification 1.2: urgency levels, reasons of NotificationClosed. */
enum urgency { URGENCY_NORMAL = 1, URGENCY_CRITICAL = 2 };
enum closed_reason { CLOSED_EXPIRED = 1 };

struct asking {
    const struct dialog *dialog;
    uint64_t deadline; /* ms of CLOCK_BOOTTIME */
    struct notification_server server;
    GMainLoop *loop;
    uint32_t id;         /* of the notification; 0 while it is not open */
    uint64_t shown_at;   /* ms of CLOCK_BOOTTIME */
    uint64_t clicked_at; /* the last click that was too early */
    unsigned shown;      /* how many times */
    enum err err;
    enum dialog_answer answer;
};

/* The end, unless it had come already. */
static void finish(struct asking *asking, enum err err, enum dialog_answer answer)
{
    if (g_main_loop_is_running(asking->loop)) {
        asking->err = err;
        asking->answer = answer;
        g_main_loop_quit(asking->loop);
    }
}

/* The id of what was shown. Actions are copied; expiry in ms, -1 for the server's own. */
static enum err notify(const struct notification_server *server, const struct dialog *dialog,
                       GVariant *actions, enum urgency urgency, int expiry, uint32_t *ret_id)
{
    GVariantBuilder hints;
    GVariant *reply;
    char *body = server->markup ? g_markup_escape_text(dialog->body, -1) : g_strdup(dialog->body);

    g_variant_builder_init(&hints, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&hints, "{sv}", "urgency", g_variant_new_byte((guint8)urgency));
    if (urgency == URGENCY_CRITICAL) {
        /* A question that is over is of no use in a list of old notifications. */
        g_variant_builder_add(&hints, "{sv}", "transient", g_variant_new_boolean(TRUE));
    }
    reply = notification_server_call(server, "Notify",
                                     g_variant_new("(susss@asa{sv}i)", "split-ssh", 0, "",
                                                   dialog->title, body, actions, &hints, expiry),
                                     "(u)");
    g_free(body);
    if (reply == NULL) {
        return ERR_NOT_FOUND;
    }
    g_variant_get(reply, "(u)", ret_id);
    g_variant_unref(reply);
    return OK;
}

/* No action is called "default": servers take a click anywhere for that one. */
static GVariant *buttons(const struct dialog *dialog)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("as"));
    g_variant_builder_add(&list, "s", ACTION_ONCE);
    g_variant_builder_add(&list, "s", dialog->yes);
    if (dialog->while_label[0] != '\0') {
        g_variant_builder_add(&list, "s", ACTION_WHILE);
        g_variant_builder_add(&list, "s", dialog->while_label);
    }
    g_variant_builder_add(&list, "s", ACTION_DENY);
    g_variant_builder_add(&list, "s", dialog->no);
    return g_variant_builder_end(&list);
}

/*
 * We close the notification ourselves; that it would expire a second later is for the case that we
 * could not: some versions of Qubes' proxy have no CloseNotification, and we may be killed.
 */
static void show(struct asking *asking)
{
    uint64_t now = boottime_ms();
    uint64_t left = asking->deadline > now ? asking->deadline - now : 0;
    int expiry = left < INT32_MAX - 1000 ? (int)left + 1000 : INT32_MAX;

    if (asking->shown++ == SHOWN_MAX) {
        log_line("the notification server closes each question by itself");
        finish(asking, ERR_NOT_FOUND, DIALOG_DENY);
        return;
    }
    if (notify(&asking->server, asking->dialog, buttons(asking->dialog), URGENCY_CRITICAL, expiry,
               &asking->id) != OK) {
        finish(asking, ERR_NOT_FOUND, DIALOG_DENY);
        return;
    }
    asking->shown_at = boottime_ms();
}

static void clicked(struct asking *asking, const char *action)
{
    uint64_t now = boottime_ms();

    if (now >= asking->deadline) {
        finish(asking, OK, DIALOG_TIMEOUT);
    } else if (now - asking->shown_at < TOO_EARLY_MS) {
        asking->clicked_at = now;
    } else if (g_str_equal(action, ACTION_ONCE)) {
        finish(asking, OK, DIALOG_ONCE);
    } else if (g_str_equal(action, ACTION_WHILE) && asking->dialog->while_label[0] != '\0') {
        finish(asking, OK, DIALOG_WHILE);
    } else if (g_str_equal(action, ACTION_DENY)) {
        finish(asking, OK, DIALOG_DENY);
    }
}

static void closed(struct asking *asking, uint32_t reason)
{
    uint64_t now = boottime_ms();
    bool too_early = now - asking->shown_at < TOO_EARLY_MS || now - asking->clicked_at < CLOSING_MS;

    asking->id = 0;
    if (now >= asking->deadline) {
        finish(asking, OK, DIALOG_TIMEOUT);
    } else if (too_early || reason == CLOSED_EXPIRED) {
        show(asking);
    } else {
        finish(asking, OK, DIALOG_DENY);
    }
}

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
                      const char *interface, const char *name, GVariant *args, gpointer data)
{
    struct asking *asking = data;
    uint32_t id = 0;
    uint32_t reason = 0;
    const char *action = NULL;

    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    if (!g_main_loop_is_running(asking->loop)) {
        return;
    }
    if (g_str_equal(name, "ActionInvoked") && g_variant_is_of_type(args, G_VARIANT_TYPE("(us)"))) {
        g_variant_get(args, "(u&s)", &id, &action);
    } else if (g_str_equal(name, "NotificationClosed") &&
               g_variant_is_of_type(args, G_VARIANT_TYPE("(uu)"))) {
        g_variant_get(args, "(uu)", &id, &reason);
    }
    if (id == 0 || id != asking->id) {
        return;
    }
    if (action != NULL) {
        clicked(asking, action);
    } else {
        closed(asking, reason);
    }
}

static void lost(struct asking *asking)
{
    if (g_main_loop_is_running(asking->loop)) {
        log_line("the notification server went away with the question");
        asking->id = 0;
        finish(asking, ERR_NOT_FOUND, DIALOG_DENY);
    }
}

static void on_owner(GDBusConnection *connection, const char *name, const char *owner,
                     gpointer data)
{
    struct asking *asking = data;

    (void)connection;
    (void)name;
    if (!g_str_equal(owner, asking->server.owner)) {
        lost(asking);
    }
}

static void on_no_owner(GDBusConnection *connection, const char *name, gpointer data)
{
    (void)connection;
    (void)name;
    lost(data);
}

static gboolean on_timeout(gpointer data)
{
    finish(data, OK, DIALOG_TIMEOUT);
    return G_SOURCE_CONTINUE;
}

static gboolean on_withdrawn(int fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    finish(data, OK, DIALOG_WITHDRAWN);
    return G_SOURCE_CONTINUE;
}

static gboolean on_start(gpointer data)
{
    show(data);
    return G_SOURCE_REMOVE;
}

/* From the first showing to the end, whichever it is. */
static void run(struct asking *asking, int withdrawn)
{
    uint64_t now = boottime_ms();
    uint64_t left = asking->deadline > now ? asking->deadline - now : 0;
    GDBusConnection *connection = asking->server.connection;
    guint timer = g_timeout_add(left < UINT_MAX ? (guint)left : UINT_MAX, on_timeout, asking);
    guint signal = g_unix_fd_add(withdrawn, G_IO_IN, on_withdrawn, asking);
    guint subscription = g_dbus_connection_signal_subscribe(
        connection, asking->server.owner, NOTIFICATIONS_NAME, NULL, NOTIFICATIONS_PATH, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, on_signal, asking, NULL);
    guint watch = g_bus_watch_name_on_connection(connection, NOTIFICATIONS_NAME,
                                                 G_BUS_NAME_WATCHER_FLAGS_NONE, on_owner,
                                                 on_no_owner, asking, NULL);

    g_idle_add_full(G_PRIORITY_DEFAULT, on_start, asking, NULL);
    g_main_loop_run(asking->loop);
    g_bus_unwatch_name(watch);
    g_dbus_connection_signal_unsubscribe(connection, subscription);
    g_source_remove(signal);
    g_source_remove(timer);
}

static void close_notification(struct asking *asking)
{
    GVariant *reply;

    if (asking->id != 0) {
        reply = notification_server_call(&asking->server, "CloseNotification",
                                         g_variant_new("(u)", asking->id), "()");
        g_clear_pointer(&reply, g_variant_unref);
        asking->id = 0;
    }
}

enum err notification_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                          enum dialog_answer *ret)
{
    struct asking asking = {.dialog = dialog, .deadline = deadline};
    enum err err = notification_server_find(&asking.server);

    if (err != OK) {
        return err;
    }
    if (!asking.server.actions) {
        log_line("the notification server has no buttons");
        err = ERR_NOT_FOUND;
        goto out;
    }
    asking.loop = g_main_loop_new(NULL, FALSE);
    run(&asking, withdrawn);
    close_notification(&asking);
    g_main_loop_unref(asking.loop);
    err = asking.err;
    if (err == OK) {
        *ret = asking.answer;
    }
out:
    notification_server_free(&asking.server);
    return err;
}

enum err notification_tell(const struct dialog *dialog)
{
    struct notification_server server;
    uint32_t id;
    enum err err = notification_server_find(&server);

    if (err == OK) {
        err = notify(&server, dialog, g_variant_new_strv(NULL, 0), URGENCY_NORMAL, -1, &id);
        notification_server_free(&server);
    }
    return err;
}
