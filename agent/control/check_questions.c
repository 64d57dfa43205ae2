/* SPDX-License-Identifier: BSD-2-Clause */
/* Can the user be asked: by a notification with buttons, or by an askpass program? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "askpass_programs.h"
#include "check_run.h"
#include "check_vault.h"

#define BUS_TIMEOUT   "--timeout=3" /* seconds; what has to be started may take its time */
#define NOTIFICATIONS "org.freedesktop.Notifications"
#define SECRETS       "org.freedesktop.secrets"
#define BUS           "org.freedesktop.DBus"
#define BUS_PATH      "/org/freedesktop/DBus"

/* A method of the session bus, with one string for an argument, or NULL. False: no answer. */
static bool bus_call(const char *to, const char *path, const char *interface, const char *method,
                     const char *argument, struct run *ret)
{
    const char *const argv[] = {"busctl",  "--user", BUS_TIMEOUT,
                                "call",    to,       path,
                                interface, method,   argument != NULL ? "s" : NULL,
                                argument,  NULL};

    return run_simple(argv, ret);
}

enum server { SERVER_NONE, SERVER_MUTE, SERVER_ACTIONS };

static enum server find_server(void)
{
    static struct run run;

    if (!bus_call(NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS, "GetCapabilities",
                  NULL, &run)) {
        return SERVER_NONE;
    }
    return check_bus_has(run.out, "actions") ? SERVER_ACTIONS : SERVER_MUTE;
}

/* What the prompt would find (agent/prompt/askpass_find.c), with the manager's environment. */
static const char *find_askpass(void)
{
    static char own[CHECK_TEXT_MAX];
    char require[CHECK_TEXT_MAX];

    if (check_manager_has("SSH_ASKPASS_REQUIRE", require) && strcmp(require, "never") == 0) {
        return NULL;
    }
    if (check_manager_has("SSH_ASKPASS", own) && own[0] == '/' &&
        strstr(own, "split-ssh-askpass") == NULL && access(own, X_OK) == 0) {
        return own;
    }
    for (unsigned i = 0; i < ASKPASS_PROGRAMS; i++) {
        if (access(askpass_programs[i], X_OK) == 0 &&
            strcmp(askpass_programs[i], SPLIT_SSH_BINDIR "/split-ssh-askpass") != 0) {
            return askpass_programs[i];
        }
    }
    return NULL;
}

static void mend_askpass(struct check *check)
{
    char install[128];
    char require[CHECK_TEXT_MAX];

    if (check_manager_has("SSH_ASKPASS_REQUIRE", require) && strcmp(require, "never") == 0) {
        check_mend(check, CHECK_HERE,
                   "systemctl --user unset-environment SSH_ASKPASS_REQUIRE; " VAULT_RESTART);
        return;
    }
    check_install(install, sizeof install,
                  access("/usr/bin/apt-get", X_OK) == 0 ? "ssh-askpass-gnome"
                  : access("/usr/bin/dnf", X_OK) == 0   ? "openssh-askpass"
                                                        : "x11-ssh-askpass");
    check_mend(check, CHECK_TEMPLATE, "%s", install);
}

/*
 * The agent's own, or the one that the session has told the user's systemd: the prompt takes that
 * (agent/prompt/session_display.c).
 */
static bool knows_display(void)
{
    char value[CHECK_TEXT_MAX];

    return strcmp(vault_report("display"), "yes") == 0 || check_manager_has("DISPLAY", value) ||
           check_manager_has("WAYLAND_DISPLAY", value);
}

/* A qube with a desktop has :0. */
static void mend_display(struct check *check)
{
    const char *display = getenv("DISPLAY");
    const char *wayland = getenv("WAYLAND_DISPLAY");

    if ((display != NULL && display[0] != '\0') || (wayland != NULL && wayland[0] != '\0')) {
        check_mend(check, CHECK_HERE, "systemctl --user import-environment%s%s%s",
                   display != NULL ? " DISPLAY" : "", wayland != NULL ? " WAYLAND_DISPLAY" : "",
                   getenv("XAUTHORITY") != NULL ? " XAUTHORITY" : "");
    } else if (access("/tmp/.X11-unix/X0", F_OK) == 0) {
        check_mend(check, CHECK_HERE, "systemctl --user set-environment DISPLAY=:0");
    }
}

void check_questions(struct check *check)
{
    enum server server = find_server();
    bool display = knows_display();
    const char *askpass = find_askpass();
    const char *notified = server == SERVER_MUTE ? "the notification server has no buttons"
                                                 : "there is no notification server";

    if (server == SERVER_ACTIONS) {
        check_ok(check, "questions are notifications with buttons");
        if (askpass == NULL || !display) {
            check_note(check, "no dialog can ask for a passphrase: %s",
                       askpass == NULL ? "no askpass program is installed"
                                       : "the agent knows no display");
        } else {
            return;
        }
    } else if (askpass != NULL && display) {
        check_ok(check, "%s: questions are dialogs of %s", notified, askpass);
        return;
    } else {
        check_wrong(check, "%s, and %s: each question is answered with no", notified,
                    askpass == NULL ? "no askpass program is installed"
                                    : "the agent knows no display for a dialog");
    }
    if (askpass == NULL) {
        mend_askpass(check);
    } else {
        mend_display(check);
    }
}

void check_secrets(struct check *check)
{
    static struct run run;
    char install[128];

    if (bus_call(BUS, BUS_PATH, BUS, "NameHasOwner", SECRETS, &run) && check_bus_true(run.out)) {
        if (bus_call(SECRETS, "/org/freedesktop/secrets", BUS ".Peer", "Ping", NULL, &run)) {
            check_ok(check, "the Secret Service can keep passphrases of key files");
        } else {
            check_note(check, "the Secret Service does not answer: passphrases are typed until it "
                              "does; start KeePassXC or gnome-keyring-daemon anew");
        }
        return;
    }
    if (bus_call(BUS, BUS_PATH, BUS, "ListActivatableNames", NULL, &run) &&
        check_bus_has(run.out, SECRETS)) {
        check_ok(check, "the Secret Service, for passphrases of key files, is started when needed");
        return;
    }
    check_install(install, sizeof install, "gnome-keyring");
    check_note(check, "there is no Secret Service: passphrases of key files are typed (KeePassXC "
                      "can be one too)");
    check_mend(check, CHECK_TEMPLATE, "%s", install);
}
