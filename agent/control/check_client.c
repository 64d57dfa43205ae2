/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_client.h"

#include <string.h>
#include <unistd.h>

#include "check_run.h"

/* A relay that does not start has its socket fail, too. */
#define RESTART_ALL                                                                                \
    "systemctl --user reset-failed split-ssh-relay@default.socket "                                \
    "split-ssh-relay@default.service "                                                             \
    "'split-ssh-relay@*'; systemctl --user restart split-ssh-relay@default.socket "                \
    "'split-ssh-relay@*.socket'"

/* Looked for in PATH as well: whoever runs the relay with --qrexec-client has it elsewhere. */
static void check_qrexec(struct check *check)
{
    static const char *const argv[] = {"sh", "-c", "command -v qrexec-client-vm", NULL};
    static struct run run;
    char install[128];

    if (access(QREXEC_CLIENT, X_OK) == 0) {
        check_ok(check, "%s is there", QREXEC_CLIENT);
    } else if (access(QREXEC_CLIENT, F_OK) == 0) {
        check_wrong(check, "%s cannot be executed by this user: %s", QREXEC_CLIENT,
                    strerror(errno));
        check_mend(check, CHECK_HERE, "sudo chmod 755 %s", QREXEC_CLIENT);
    } else if (run_simple(argv, &run)) {
        check_note(check,
                   "there is no %s; the relay takes %.*s only with the option --qrexec-client",
                   QREXEC_CLIENT, (int)strcspn(run.out, "\n"), run.out);
    } else {
        check_wrong(check, "there is no %s, so no call leaves this qube; it comes with Qubes OS",
                    QREXEC_CLIENT);
        check_install(install, sizeof install,
                      access("/usr/bin/dnf", X_OK) == 0 ? "qubes-core-qrexec-vm"
                                                        : "qubes-core-qrexec");
        check_mend(check, CHECK_TEMPLATE, "%s", install);
    }
}

static void check_file(struct check *check, const struct client_config_kind *kind,
                       const char *without)
{
    char word[CLIENT_CONFIG_MAX];
    char why[CLIENT_CONFIG_WHY];
    enum err err = client_config_read(CONFIG_DIRECTORY, kind, word, why);

    if (err == OK) {
        check_ok(check, "%s/%s says \"%s\"", CONFIG_DIRECTORY, kind->file, word);
    } else if (err == ERR_NOT_FOUND) {
        check_ok(check, "%s/%s is not there or empty: %s", CONFIG_DIRECTORY, kind->file, without);
    } else {
        check_wrong(check, "%s", why);
        check_mend(check, CHECK_HERE, "sudo %s %s/%s; " RESTART_ALL,
                   err == ERR_SYSTEM ? "chmod a+r" : "rm -r", CONFIG_DIRECTORY, kind->file);
    }
}

static void check_config(struct check *check)
{
    check_file(check, &client_config_vault, "dom0's policy names the vault");
    check_file(check, &client_config_agent, "the default agent is the one without a name");
}

const struct check_step check_client_steps[] = {
    {"switch", {NULL}, check_switch},
    {"user", {"switch"}, check_user},
    {"qrexec-client", {"switch"}, check_qrexec},
    {"config", {"switch"}, check_config},
    {"manager", {"user"}, check_manager},
    {"units", {"manager"}, check_client_units},
    {"sockets", {"units"}, check_client_sockets},
    {"leftovers", {"user"}, check_client_leftovers},
    {"session", {"manager"}, check_client_session},
    {"shell", {"user"}, check_client_shell},
    {"answer", {"qrexec-client", "config", "sockets"}, check_client_answer},
    {"keys", {"answer"}, check_client_keys},
    {"signature", {"answer", "keys"}, check_client_sign},
    {NULL, {NULL}, NULL},
};
