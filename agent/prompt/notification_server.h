/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The desktop's notification server: org.freedesktop.Notifications on the session bus (Desktop
 * Notifications Specification 1.2). Nothing here waits longer than it says.
 */
#ifndef SPLIT_SSH_NOTIFICATION_SERVER_H
#define SPLIT_SSH_NOTIFICATION_SERVER_H

#include <gio/gio.h>
#include <stdbool.h>

#include "err.h"

#define NOTIFICATIONS_NAME "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"

#define SERVER_CALL_MS 3000 /* a call: the bus may have to start the server first */

struct notification_server {
    GDBusConnection *connection;
    char *owner;  /* its unique name: signals of others are not its */
    bool actions; /* shows buttons */
    bool markup;  /* takes the body for markup */
};

/*
 * Connects to the session bus and to the server, which the bus may start. The caller frees ret.
 * ERR_NOT_FOUND, with a log line: no bus, no server, or it does not answer in time.
 */
enum err must_check notification_server_find(struct notification_server *ret);

void notification_server_free(struct notification_server *server);

/*
 * Calls a method and waits for its reply, at most SERVER_CALL_MS. Takes args if they float; returns
 * the reply, which the caller unrefs, or NULL with a log line.
 */
GVariant *notification_server_call(const struct notification_server *server, const char *method,
                                   GVariant *args, const char *reply_type);

#endif
