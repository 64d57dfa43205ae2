/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's systemd, and what it lets the agent lock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_run.h"
#include "check_vault.h"

/* keystore/secret_pages.c takes 2 MiB at its start, the agent 1 MiB for messages with keys. */
#define LIMIT_LEAST    (3UL << 20)
#define LIMIT_ENOUGH   (8UL << 20)
#define LIMIT_WANTED   (64UL << 20)
#define LIMIT_DROP_INS "/etc/systemd/system/user@.service.d"

void check_manager(struct check *check)
{
    static const char *const argv[] = {"systemctl", "--user", "show", "--property=Version", NULL};
    static struct run run;
    const char *directory = getenv("XDG_RUNTIME_DIR");
    char usual[64];

    if (run_simple(argv, &run)) {
        check_ok(check, "the user's systemd answers");
        return;
    }
    snprintf(usual, sizeof usual, "/run/user/%u", (unsigned)geteuid());
    if (run.timed_out) {
        check_wrong(check, "the user's systemd does not answer; restart this qube");
    } else if (access(usual, X_OK) == 0 && (directory == NULL || strcmp(directory, usual) != 0)) {
        check_wrong(check,
                    "XDG_RUNTIME_DIR is not set to %s in this shell, so systemd is not found",
                    usual);
        check_mend(check, CHECK_HERE, "export XDG_RUNTIME_DIR=%s", usual);
    } else {
        check_wrong(check, "the user's systemd is not running: the units of split-ssh are its");
        check_mend(check, CHECK_HERE, "sudo systemctl start user@%u.service", (unsigned)geteuid());
    }
}

static bool is_limit(void *context, const char *line, size_t len)
{
    unsigned long *limit = context;
    static const char name[] = "Max locked memory";
    char soft[32];
    char hard[32];
    char copy[128];

    if (len >= sizeof copy || strncmp(line, name, sizeof name - 1) != 0) {
        return false;
    }
    memcpy(copy, line, len);
    copy[len] = '\0';
    if (sscanf(copy + sizeof name - 1, "%31s %31s", soft, hard) != 2) {
        return false;
    }
    *limit = strcmp(hard, "unlimited") == 0 ? LIMIT_WANTED : strtoul(hard, NULL, 10);
    return true;
}

/* The hard limit of the running manager, in bytes; what it starts has no more. False: unknown. */
static bool manager_limit(unsigned long *ret)
{
    static struct run run;
    char unit[64];
    const char *const argv[] = {"systemctl", "show", "--value", "--property=MainPID", unit, NULL};
    char limits[4096];
    char path[64];

    snprintf(unit, sizeof unit, "user@%u.service", (unsigned)geteuid());
    if (!run_simple(argv, &run) || strtol(run.out, NULL, 10) <= 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%ld/limits", strtol(run.out, NULL, 10));
    return check_read(path, limits, sizeof limits) && check_each_line(limits, is_limit, ret);
}

/* What the unit asks for; a drop-in may have made it less. */
static unsigned long unit_limit(void)
{
    static const char *const argv[] = {
        "systemctl", "--user", "show", "--property=LimitMEMLOCK", "--value", VAULT_SERVICE, NULL};
    static struct run run;

    if (!run_simple(argv, &run) || run.out[0] < '0' || run.out[0] > '9') {
        return LIMIT_WANTED; /* "infinity" */
    }
    return strtoul(run.out, NULL, 10);
}

static void mend_limit(struct check *check)
{
    check_mend(check, CHECK_TEMPLATE,
               "sudo mkdir -p " LIMIT_DROP_INS
               " && printf '[Service]\\nLimitMEMLOCK=%lu\\n' | sudo tee " LIMIT_DROP_INS
               "/zz-split-ssh.conf",
               LIMIT_WANTED);
}

void check_memory_limit(struct check *check)
{
    unsigned long manager = LIMIT_WANTED;
    unsigned long unit = unit_limit();
    bool known = manager_limit(&manager);

    if (unit < LIMIT_ENOUGH) {
        check_wrong(check, "%s may lock %lu KiB for keys; a drop-in has changed it", VAULT_SERVICE,
                    unit / 1024);
        check_mend(check, CHECK_HERE, "systemctl --user revert %s; " VAULT_RESTART, VAULT_SERVICE);
    } else if (manager < LIMIT_LEAST) {
        check_wrong(check,
                    "the user's systemd and its units may lock %lu KiB, too little for keys "
                    "(after the command, restart this qube)",
                    manager / 1024);
        mend_limit(check);
    } else if (manager < LIMIT_ENOUGH) {
        check_note(check, "%lu KiB may be locked for keys, which is little", manager / 1024);
        mend_limit(check);
    } else {
        check_ok(check, "the agent may lock %lu MiB for keys%s",
                 (unit < manager ? unit : manager) >> 20,
                 known ? "" : ", if the user's systemd has no lower limit");
    }
}
