/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the guides' shell scripts that are still in a client qube. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_client.h"
#include "check_run.h"

static const struct leftover {
    const char *file;           /* below HOME unless it begins with a slash */
    const char *first, *second; /* no characters that sed takes for more than themselves but '.' */
    const char *what;
} leftovers[] = {
    {CONFIG_DIRECTORY "/rc.local", "socat", "qubes.SshAgent", "starts a second relay, with socat"},
    {CONFIG_DIRECTORY "/rc.local", "ncat", "qubes.SshAgent", "starts a second relay, with ncat"},
    {".bashrc", "SSH_AUTH_SOCK=", "/.SSH_AGENT_", "sets SSH_AUTH_SOCK for the guides' relay"},
    {".bash_profile", "SSH_AUTH_SOCK=", "/.SSH_AGENT_", "sets SSH_AUTH_SOCK for the guides' relay"},
    {".profile", "SSH_AUTH_SOCK=", "/.SSH_AGENT_", "sets SSH_AUTH_SOCK for the guides' relay"},
    {".zshrc", "SSH_AUTH_SOCK=", "/.SSH_AGENT_", "sets SSH_AUTH_SOCK for the guides' relay"},
};

/* The colon in the place of the line keeps an "if" around it from having no command. */
static bool look_for(struct check *check, const struct leftover *leftover)
{
    const char *home = getenv("HOME");
    bool absolute = leftover->file[0] == '/';
    char path[CLIENT_CONFIG_PATH];
    char name[64];
    unsigned line;

    snprintf(path, sizeof path, "%s%s%s", absolute || home == NULL ? "" : home, absolute ? "" : "/",
             leftover->file);
    line = check_find_line(path, leftover->first, leftover->second);
    if (line == 0) {
        return false;
    }
    snprintf(name, sizeof name, "%s%s", absolute ? "" : "~/", leftover->file);
    check_wrong(check, "line %u of %s is one of the guides' and %s%s", line, name, leftover->what,
                absolute ? ", which goes on until this qube restarts" : "");
    check_mend(check, CHECK_HERE, "%ssed -i.before-split-ssh '\\|^[^#]*%s.*%s|s|^|: # |' %s",
               absolute && geteuid() != 0 ? "sudo " : "", leftover->first, leftover->second, name);
    return true;
}

void check_client_leftovers(struct check *check)
{
    bool any = false;

    for (unsigned i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
        any = look_for(check, &leftovers[i]) || any;
    }
    if (!any) {
        check_ok(check, "nothing of the guides' scripts is left");
    }
}
