/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_rivals.h"

#include <string.h>

#include "check_run.h"

/* Known by the paths of their sockets; the first one that fits counts. */
static const struct rival {
    const char *part; /* of the path */
    const char *name;
    const char *off;
} rivals[] = {
    {"/gcr/", "gcr-ssh-agent",
     "systemctl --user mask --now gcr-ssh-agent.socket gcr-ssh-agent.service; "},
    {"/keyring", "the SSH part of GNOME Keyring",
     "mkdir -p ~/.config/autostart && printf '[Desktop Entry]\\nType=Application\\nName=SSH Key "
     "Agent\\nHidden=true\\n' >~/.config/autostart/gnome-keyring-ssh.desktop; "},
    {"S.gpg-agent.ssh", "gpg-agent with enable-ssh-support",
     "sed -i.bak 's/^enable-ssh-support/# &/' ~/.gnupg/gpg-agent.conf; "},
    {"/openssh_agent", "OpenSSH's ssh-agent.service of the user",
     "systemctl --user mask --now ssh-agent.socket ssh-agent.service; "},
    {"/ssh-agent", "an ssh-agent.service of the user",
     "systemctl --user mask --now ssh-agent.socket ssh-agent.service; "},
    {"/.SSH_AGENT_", "what the old guides start in a client", ""},
    {"/run/split-ssh/", "the agent of a vault in this qube", ""},
    {"/.split-ssh/", "the relay to another vault", ""},
    {"/ssh-", "an ssh-agent that the X session, or a shell, has started", ""},
    {"/agent.", "an ssh-agent that a shell has started", ""},
};

static const struct rival *find(const char *socket)
{
    for (unsigned i = 0; i < sizeof rivals / sizeof rivals[0]; i++) {
        if (strstr(socket, rivals[i].part) != NULL) {
            return &rivals[i];
        }
    }
    return NULL;
}

const char *check_rival_name(const char *socket)
{
    const struct rival *rival = find(socket);
    struct socket_look look;

    if (rival != NULL) {
        return rival->name;
    }
    socket_look(socket, &look);
    return look.state == SOCKET_LISTENS ? "another agent" : "nobody";
}

const char *check_rival_off(const char *socket)
{
    const struct rival *rival = find(socket);

    return rival != NULL ? rival->off : "";
}
