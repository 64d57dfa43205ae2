/* SPDX-License-Identifier: BSD-2-Clause */
/* What other ways to the same end have left behind, and does no harm, or little. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_run.h"
#include "check_vault.h"

#define PROFILE  "/etc/profile.d/qubes-ssh.sh" /* of the package qubes-split-ssh */
#define RC_LOCAL "/rw/config/rc.local"

/* The guides' line is `... socat ... 'EXEC:qrexec-client-vm VAULT qubes.SshAgent'`, or with ncat.
 */
static unsigned guides_line(void)
{
    unsigned line = check_find_line(RC_LOCAL, "socat", "qubes.SshAgent");

    return line != 0 ? line : check_find_line(RC_LOCAL, "ncat", "qubes.SshAgent");
}

void check_leftovers(struct check *check)
{
    unsigned line = guides_line();
    bool fine = true;

    if (access(PROFILE, F_OK) == 0) {
        check_note(check, PROFILE " is of the package qubes-split-ssh, which split-ssh replaces");
        check_mend(check, CHECK_TEMPLATE, "sudo rm " PROFILE);
        fine = false;
    }
    if (line != 0) {
        check_note(check, RC_LOCAL ":%u: the old guides' line for a client is still there", line);
        check_mend(check, CHECK_HERE, "sudo sed -i.bak '%us/^/: # /' " RC_LOCAL, line);
        fine = false;
    }
    if (fine) {
        check_ok(check, "nothing is left of the guides' scripts or the package qubes-split-ssh");
    }
}
