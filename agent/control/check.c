/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_render.h"
#include "check_run.h"
#include "log.h"
#include "paths.h"

#define SETS_VARIABLE "/usr/share/split-ssh/auth-sock.sh" /* SSH_AUTH_SOCK, by the switches */

static const struct check_side {
    const char *name;
    const struct check_step *steps;
    const char *start; /* what the service starts */
} sides[] = {
    {"vault", check_vault_steps, "split-ssh-agent.socket split-ssh-qrexec.socket"},
    {"client", check_client_steps, "split-ssh-relay@default.socket"},
};

#define SIDES (sizeof sides / sizeof sides[0])

static bool is_on(const char *side)
{
    char path[128];

    snprintf(path, sizeof path, SWITCHES "/split-ssh-%s", side);
    return access(path, F_OK) == 0;
}

static const char *what_starts(const char *side)
{
    for (unsigned i = 0; i < SIDES; i++) {
        if (strcmp(sides[i].name, side) == 0) {
            return sides[i].start;
        }
    }
    return "";
}

void check_switch(struct check *check)
{
    const char *side = check->side;

    if (is_on(side)) {
        check_ok(check, "the service split-ssh-%s is on in this qube", side);
        return;
    }
    check_wrong(check, "the service split-ssh-%s is off: this qube is no %s", side, side);
    check_mend(check, CHECK_DOM0, "qvm-service %s split-ssh-%s on", check_qube_name(), side);
    check_note(check,
               "dom0's command counts from the next start of this qube; until then this "
               "makes it a %s at once",
               side);
    check_mend(check, CHECK_HERE,
               "sudo mkdir -p " SWITCHES " && sudo touch " SWITCHES "/split-ssh-%s && "
               "systemctl --user start %s; . " SETS_VARIABLE "; systemctl --user "
               "import-environment SSH_AUTH_SOCK",
               side, what_starts(side));
}

/* What makes it one or the other. */
static void no_side(struct check_report *report)
{
    static const struct check_step steps[] = {
        {"switch", {NULL}, check_switch},
        {NULL, {NULL}, NULL},
    };

    log_line("this qube is neither a vault nor a client of split-ssh");
    for (unsigned i = 0; i < SIDES; i++) {
        check_run_steps(report, sides[i].name, steps);
    }
}

enum err check(const struct options *options)
{
    static struct check_report report;

    for (unsigned i = 0; i < SIDES; i++) {
        bool wanted = options->side != NULL ? strcmp(options->side, sides[i].name) == 0
                                            : is_on(sides[i].name);

        if (wanted) {
            check_run_steps(&report, sides[i].name, sides[i].steps);
        }
    }
    if (report.count == 0) {
        no_side(&report);
    }
    if (options->json) {
        check_render_json(&report, stdout);
    } else {
        check_render_text(&report, stdout);
    }
    return check_count(&report, CHECK_WRONG) == 0 ? OK : ERR_DENIED;
}
