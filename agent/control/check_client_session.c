/* SPDX-License-Identifier: BSD-2-Clause */
/* SSH_AUTH_SOCK of a client qube, in this shell and in the session, and who else sets it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_client.h"
#include "check_rivals.h"
#include "check_run.h"

/* One of the relays' sockets. */
static bool is_ours(const char *socket)
{
    const struct client_agents *agents = client_agents();

    for (unsigned i = 0; i < agents->count; i++) {
        if (agents->agent[i].socket[0] != '\0' && strcmp(agents->agent[i].socket, socket) == 0) {
            return true;
        }
    }
    return false;
}

/* In a qube that is a vault too, its own agent comes first; the vault's side looks at it. */
static bool vault_comes_first(struct check *check)
{
    if (access(SWITCHES "/split-ssh-vault", F_OK) != 0) {
        return false;
    }
    check_ok(check,
             "this qube is a vault too, whose own agent comes first; ssh finds the other one "
             "with IdentityAgent ~/.split-ssh/NAME.sock");
    return true;
}

void check_client_session(struct check *check)
{
    const char *wanted = client_agents()->agent[0].socket;
    char quoted[CLIENT_QUOTE_MAX];
    char value[CHECK_TEXT_MAX];

    if (vault_comes_first(check)) {
        return;
    }
    (void)check_manager_has("SSH_AUTH_SOCK", value);
    if (is_ours(value)) {
        check_ok(check, "SSH_AUTH_SOCK of the session is %s", value);
        return;
    }
    if (value[0] == '\0') {
        check_wrong(check,
                    "SSH_AUTH_SOCK is not set in the session: programs that are started from "
                    "its menus find no agent");
    } else {
        check_wrong(check, "SSH_AUTH_SOCK of the session is %s: %s is in the way", value,
                    check_rival_name(value));
    }
    check_mend(check, CHECK_HERE, "%ssystemctl --user set-environment SSH_AUTH_SOCK=%s",
               check_rival_off(value), check_quote(quoted, sizeof quoted, wanted));
}

void check_client_shell(struct check *check)
{
    const char *wanted = client_agents()->agent[0].socket;
    const char *value = getenv("SSH_AUTH_SOCK");
    char quoted[CLIENT_QUOTE_MAX];

    if (vault_comes_first(check)) {
        return;
    }
    if (value != NULL && is_ours(value)) {
        check_ok(check, "SSH_AUTH_SOCK of this shell is %s", value);
        return;
    }
    if (value != NULL && value[0] != '\0' && getenv("SSH_CONNECTION") != NULL) {
        check_note(check,
                   "SSH_AUTH_SOCK of this shell is %s, as the ssh login into this qube has "
                   "forwarded it",
                   value);
    } else if (value == NULL || value[0] == '\0') {
        check_wrong(check,
                    "SSH_AUTH_SOCK is not set in this shell: it was started before the "
                    "service split-ssh-client was on, or a file such as ~/.bashrc unsets it");
    } else {
        check_wrong(check,
                    "SSH_AUTH_SOCK of this shell is %s: %s is in the way; see what sets it "
                    "in ~/.bashrc and ~/.profile",
                    value, check_rival_name(value));
    }
    check_mend(check, CHECK_HERE, "export SSH_AUTH_SOCK=%s",
               check_quote(quoted, sizeof quoted, wanted));
}
