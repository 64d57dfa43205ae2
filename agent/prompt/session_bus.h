/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_SESSION_BUS_H
#define PROMPT_SESSION_BUS_H

#include <gio/gio.h>

/*
 * The address of the session bus, which the caller g_free()s; NULL if there is none. GLib's own
 * look-up would start a bus where there is none, and nobody would see what is shown there.
 */
char *session_bus_address(void);

/* A connection, which the caller g_object_unref()s; NULL, with a log line: none within 2 s. */
GDBusConnection *session_bus_connect(void);

#endif
