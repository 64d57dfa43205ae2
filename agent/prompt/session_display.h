/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_SESSION_DISPLAY_H
#define PROMPT_SESSION_DISPLAY_H

/*
 * An agent that was started before the desktop session has no display in its environment. If this
 * process has none, takes DISPLAY, WAYLAND_DISPLAY and XAUTHORITY from the user's service manager,
 * into which the session has put them (systemctl(1), import-environment), within a second. Without
 * a manager, or where it has none either, nothing changes.
 */
void session_display_adopt(void);

#endif
