/* SPDX-License-Identifier: BSD-2-Clause */
/* What other ways to the same end have left behind, and does no harm, or little. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_run.h"
#include "check_vault.h"

#define PROFILE  "/etc/profile.d/qubes-ssh.sh" /* of the package qubes-split-ssh */
#define RC_LOCAL "/rw/config/rc.local"

struct rc_lines {
    unsigned line;
    unsigned first; /* the first one of the guides; 0: none */
};

/* The guides' line is `... socat ... 'EXEC:qrexec-client-vm VAULT qubes.SshAgent'`, or with ncat.
 */
static bool take_rc_line(void *context, const char *line, size_t len)
{
    struct rc_lines *lines = context;
    char copy[512];
    const char *at;

    lines->line++;
    snprintf(copy, sizeof copy, "%.*s", (int)(len < sizeof copy ? len : sizeof copy - 1), line);
    at = copy + strspn(copy, " \t");
    if (*at == '#' || strncmp(at, ": #", 3) == 0) {
        return false;
    }
    if (strstr(at, "qubes.SshAgent") == NULL && strstr(at, "SSH_AGENT") == NULL) {
        return false;
    }
    if (strstr(at, "socat") == NULL && strstr(at, "ncat") == NULL) {
        return false;
    }
    lines->first = lines->line;
    return true;
}

void check_leftovers(struct check *check)
{
    struct rc_lines lines = {.line = 0};
    char text[16384];
    bool fine = true;

    if (access(PROFILE, F_OK) == 0) {
        check_note(check, PROFILE " is of the package qubes-split-ssh, which split-ssh replaces");
        check_mend(check, CHECK_TEMPLATE, "sudo rm " PROFILE);
        fine = false;
    }
    if (check_read(RC_LOCAL, text, sizeof text) && check_each_line(text, take_rc_line, &lines)) {
        check_note(check, RC_LOCAL ":%u: the old guides' line for a client is still there",
                   lines.first);
        check_mend(check, CHECK_HERE, "sudo sed -i.bak '%us/^/: # /' " RC_LOCAL, lines.first);
        fine = false;
    }
    if (fine) {
        check_ok(check, "nothing is left of the guides' scripts or the package qubes-split-ssh");
    }
}
