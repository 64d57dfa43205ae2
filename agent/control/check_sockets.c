/* SPDX-License-Identifier: BSD-2-Clause */
/* The two sockets of the vault. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_agent.h"
#include "check_run.h"
#include "check_vault.h"
#include "connection.h"

/* Whether somebody listens there; if not, it was said. */
static bool is_listening(struct check *check, const char *path, struct socket_look *ret)
{
    socket_look(path, ret);
    switch (ret->state) {
    case SOCKET_LISTENS:
        return true;
    case SOCKET_ABSENT:
        check_wrong(check, "%s is gone, though its unit is active", path);
        break;
    case SOCKET_DEAD:
        check_wrong(check, "%s is a socket on which nobody listens", path);
        break;
    case SOCKET_FILE:
        check_wrong(check, "%s is not a socket", path);
        check_mend(check, CHECK_HERE, "rm -r %s; " VAULT_RESTART, path);
        return false;
    case SOCKET_HIDDEN:
    case SOCKET_REFUSED:
        check_wrong(check, "%s cannot be connected to: %s", path, strerror(ret->error));
        break;
    }
    check_mend(check, CHECK_HERE, "%s", VAULT_RESTART);
    return false;
}

void check_agent_socket(struct check *check)
{
    char why[CONNECTION_WHY_MAX];
    struct socket_look look;
    enum agent_kind kind;

    if (!is_listening(check, VAULT_AGENT_SOCKET, &look)) {
        return;
    }
    if (look.uid != geteuid() || look.mode != 0600) {
        check_wrong(check,
                    VAULT_AGENT_SOCKET " has mode %04o and owner %u; it must be this "
                                       "user's alone",
                    (unsigned)look.mode, (unsigned)look.uid);
        check_mend(check, CHECK_HERE, "%schmod 600 " VAULT_AGENT_SOCKET "%s",
                   look.uid == geteuid() ? "" : "sudo ",
                   look.uid == geteuid() ? "" : " && " VAULT_RESTART);
        return;
    }
    kind = agent_ask_kind(VAULT_AGENT_SOCKET, why);
    if (kind == AGENT_OURS) {
        check_ok(check, "split-ssh-agent answers on " VAULT_AGENT_SOCKET);
        return;
    }
    if (kind == AGENT_SILENT) {
        check_wrong(check, "%s", why);
    } else {
        check_wrong(check, "another agent answers on " VAULT_AGENT_SOCKET ", not split-ssh-agent");
    }
    /* kill: a stopped agent ends by no other signal. */
    check_mend(check, CHECK_HERE,
               "systemctl --user kill --signal=KILL " VAULT_SERVICE " 2>/dev/null; " VAULT_RESTART);
}

void check_qrexec_socket(struct check *check)
{
    const struct group *group = getgrnam("qubes");
    char why[CONNECTION_WHY_MAX];
    struct socket_look look;

    if (!is_listening(check, VAULT_QREXEC_SOCKET, &look)) {
        return;
    }
    if (group == NULL || look.gid != group->gr_gid || look.mode != 0660) {
        check_wrong(check,
                    VAULT_QREXEC_SOCKET " has mode %04o and group %u; qrexec needs 0660 and "
                                        "the group qubes",
                    (unsigned)look.mode, (unsigned)look.gid);
        check_mend(check, CHECK_HERE,
                   "sudo chgrp qubes " VAULT_QREXEC_SOCKET
                   " && sudo chmod 660 " VAULT_QREXEC_SOCKET);
        return;
    }
    if (agent_answers_call(VAULT_QREXEC_SOCKET, why)) {
        check_ok(check, "split-ssh-agent answers a call on " VAULT_QREXEC_SOCKET);
        return;
    }
    check_wrong(check, "a call gets no answer: %s", why);
    check_mend(check, CHECK_HERE, "%s", VAULT_RESTART);
}
