/* SPDX-License-Identifier: BSD-2-Clause */
#include "environment.h"

#include <stddef.h>
#include <string.h>

/* What a variable that is kept starts with. */
static const char *const kept[] = {
    "DISPLAY=",
    "WAYLAND_DISPLAY=",
    "XAUTHORITY=",
    "XDG_RUNTIME_DIR=",
    "XDG_SESSION_TYPE=",
    "XDG_CURRENT_DESKTOP=",
    "DBUS_SESSION_BUS_ADDRESS=",
    "HOME=",
    "USER=",
    "LOGNAME=",
    "LANG=",
    "LANGUAGE=",
    "LC_",
};

static bool is_kept(const char *variable)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strncmp(variable, kept[i], strlen(kept[i])) == 0) {
            return true;
        }
    }
    return false;
}

void environment_clean(char *const from[], bool confirm, char *ret[ENVIRONMENT_MAX])
{
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    static char prompt[] = "SSH_ASKPASS_PROMPT=confirm";
    size_t count = 0;

    ret[count++] = path;
    if (confirm) {
        ret[count++] = prompt;
    }
    for (size_t i = 0; from[i] != NULL && count < ENVIRONMENT_MAX - 1; i++) {
        if (is_kept(from[i])) {
            ret[count++] = from[i];
        }
    }
    ret[count] = NULL;
}
