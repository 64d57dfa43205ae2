/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs of the vault, and the units of the user's systemd that start them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_run.h"
#include "check_unit_state.h"
#include "check_vault.h"
#include "connection.h"

void check_programs(struct check *check)
{
    static const char *const programs[] = {
        SPLIT_SSH_BINDIR "/split-ssh-agent",
        SPLIT_SSH_LIBEXECDIR "/split-ssh-keystore",
        SPLIT_SSH_LIBEXECDIR "/split-ssh-prompt",
        SPLIT_SSH_LIBEXECDIR "/split-ssh-prompt-child",
    };
    bool missing = false;
    char install[128];

    check_install_ours(install, sizeof install, "split-ssh-vault");
    for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct stat st;

        if (stat(programs[i], &st) != 0) {
            check_wrong(check, "%s: %s", programs[i], strerror(errno));
            check_mend(check, CHECK_TEMPLATE, "%s", install);
        } else if (!S_ISREG(st.st_mode) || (st.st_mode & 0555) != 0555) {
            check_wrong(check, "%s cannot be run by everybody", programs[i]);
            check_mend(check, CHECK_TEMPLATE, "sudo chmod 755 %s", programs[i]);
        } else {
            continue;
        }
        missing = true;
    }
    if (!missing) {
        check_ok(check, "agent, keystore and prompt are installed");
    }
}

struct said {
    bool error; /* an error was said: what comes later is less */
    char text[CHECK_TEXT_MAX];
};

/* Keeps the last error, or, if there is none, the last line; without the program's name. */
static bool keep_line(void *context, const char *line, size_t len)
{
    static const char name[] = "split-ssh-agent: ";
    static const char error[] = "error: ";
    struct said *said = context;
    char text[CHECK_TEXT_MAX];
    const char *from = text;
    bool is_error;

    snprintf(text, sizeof text, "%.*s", (int)len, line);
    if (strncmp(from, name, sizeof name - 1) == 0) {
        from += sizeof name - 1;
    }
    is_error = strncmp(from, error, sizeof error - 1) == 0;
    if (from[0] != '\0' && (is_error || !said->error)) {
        said->error = said->error || is_error;
        snprintf(said->text, sizeof said->text, "%s", from);
    }
    return false;
}

/*
 * What the agent, or systemd about the unit, said last in the journal. Users may not read a journal
 * that is not on a disk, which is a qube's; so sudo may try, if it needs no password.
 */
static void read_journal(const char *unit, const char *identifier, struct said *ret)
{
    char match[128];
    const char *const own[] = {"journalctl", "--user", "-q",       "-n", "20", "-o", "cat",
                               "--no-pager", "-t",     identifier, "-u", unit, NULL};
    const char *const all[] = {"sudo", "-n",         "journalctl", "-q",       "-n",  "20", "-o",
                               "cat",  "--no-pager", "-t",         identifier, match, NULL};
    static struct run run;

    *ret = (struct said){.error = false};
    snprintf(match, sizeof match, "%s=%s",
             strcmp(identifier, "systemd") == 0 ? "USER_UNIT" : "_SYSTEMD_USER_UNIT", unit);
    if (!run_simple(own, &run) || run.out_len == 0) {
        run_simple(all, &run);
    }
    check_each_line(run.out, keep_line, ret);
}

/* The link that masks a unit, and what takes it away. */
static void mend_mask(struct check *check, const char *unit)
{
    const char *home = getenv("HOME");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char own[CHECK_TEXT_MAX];
    char volatile_one[CHECK_TEXT_MAX];
    struct stat st;

    snprintf(own, sizeof own, "%s/.config/systemd/user/%s", home != NULL ? home : "", unit);
    snprintf(volatile_one, sizeof volatile_one, "%s/systemd/user/%s",
             runtime != NULL ? runtime : "", unit);
    if (lstat(own, &st) == 0) {
        check_mend(check, CHECK_HERE, "systemctl --user unmask %s; " VAULT_RESTART, unit);
    } else if (lstat(volatile_one, &st) == 0) {
        check_mend(check, CHECK_HERE, "systemctl --user unmask --runtime %s; " VAULT_RESTART, unit);
    } else {
        check_mend(
            check, CHECK_TEMPLATE,
            "sudo systemctl --global unmask %s; systemctl --user daemon-reload; " VAULT_RESTART,
            unit);
    }
}

/* Whether systemd has the unit; if not, it was said. */
static bool is_loaded(struct check *check, const char *unit, const struct unit_state *state)
{
    char install[128];

    if (strcmp(state->load, "loaded") == 0) {
        return true;
    }
    if (strcmp(state->load, "masked") == 0) {
        check_wrong(check, "%s is masked, so it is never started", unit);
        mend_mask(check, unit);
    } else if (strcmp(state->load, "not-found") == 0) {
        check_install_ours(install, sizeof install, "split-ssh-vault");
        check_wrong(check, "there is no %s; the package split-ssh-vault has it", unit);
        check_mend(check, CHECK_TEMPLATE, "%s", install);
    } else {
        check_wrong(check, "systemd cannot read %s (%s): a file of this user is in the way", unit,
                    state->load);
        check_mend(check, CHECK_HERE,
                   "systemctl --user revert %s; systemctl --user daemon-reload; " VAULT_RESTART,
                   unit);
    }
    return false;
}

/* PATH:LINE: in what the agent says of its policy; 0 if there is none. */
static unsigned long find_place(const char *text, char *ret_path)
{
    const char *path = strchr(text, '/');
    const char *colon = path != NULL ? strchr(path, ':') : NULL;
    unsigned long line;
    char *end;

    if (colon == NULL || colon[1] < '1' || colon[1] > '9') {
        return 0;
    }
    line = strtoul(colon + 1, &end, 10);
    snprintf(ret_path, CHECK_TEXT_MAX, "%.*s", (int)(colon - path), path);
    return *end == ':' ? line : 0;
}

void check_mend_policy(struct check *check, const char *problem, const char *then)
{
    char path[CHECK_TEXT_MAX];
    char quoted[CHECK_TEXT_MAX];
    unsigned long line = find_place(problem, path);

    if (line == 0) {
        return;
    }
    check_quote(quoted, sizeof quoted, path);
    check_mend(check, CHECK_HERE, "%s${EDITOR:-nano} +%lu %s; %s",
               access(path, W_OK) == 0 ? "" : "sudo ", line, quoted, then);
}

void check_service(struct check *check)
{
    char why[CONNECTION_WHY_MAX];
    struct said said;
    struct socket_look look;
    struct unit_state unit;

    /* A connection starts it: then it is seen how that goes. */
    socket_look(VAULT_AGENT_SOCKET, &look);
    if (look.state == SOCKET_LISTENS) {
        (void)agent_ask_kind(VAULT_AGENT_SOCKET, why);
    }
    unit_state(VAULT_SERVICE, &unit);
    if (!is_loaded(check, VAULT_SERVICE, &unit)) {
        return;
    }
    if (strcmp(unit.active, "active") == 0) {
        check_ok(check, "the agent runs");
        return;
    }
    if (strcmp(unit.active, "failed") != 0 && strcmp(unit.sub, "auto-restart") != 0) {
        check_ok(check, "the agent is not running; a connection starts it");
        return;
    }
    read_journal(VAULT_SERVICE, "split-ssh-agent", &said);
    check_wrong(check, "the agent fails (%s)%s%s", unit.result, said.text[0] != '\0' ? ": " : "",
                said.text);
    check_mend(check, CHECK_HERE, "%s", VAULT_RESTART);
    check_mend_policy(check, said.text, VAULT_RESTART);
}

static void say_failed(struct check *check, const char *unit, const char *path, const char *result)
{
    struct said said;
    struct stat st;

    /* The only thing that systemd does not put aside. */
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        check_wrong(check, "%s has failed: %s is a directory", unit, path);
        check_mend(check, CHECK_HERE, "rm -r %s; " VAULT_RESTART, path);
        return;
    }
    read_journal(unit, "systemd", &said);
    check_wrong(check, "%s has failed (%s)%s%s", unit, result, said.text[0] != '\0' ? ": " : "",
                said.text);
    check_mend(check, CHECK_HERE, "%s", VAULT_RESTART);
}

static void check_socket_unit(struct check *check, const char *unit, const char *path)
{
    struct unit_state state;
    bool enabled;

    unit_state(unit, &state);
    if (!is_loaded(check, unit, &state)) {
        return;
    }
    enabled = strncmp(state.file, "enabled", strlen("enabled")) == 0;
    if (strcmp(state.active, "active") == 0 && enabled) {
        check_ok(check, "%s is enabled and active", unit);
    } else if (strcmp(state.active, "active") == 0) {
        check_note(check, "%s is active, and does not start by itself the next time", unit);
        check_mend(check, CHECK_HERE, "systemctl --user enable %s", unit);
    } else if (strcmp(state.active, "failed") == 0) {
        say_failed(check, unit, path, state.result);
    } else if (!enabled) {
        check_wrong(check, "%s is %s, so it was not started", unit,
                    state.file[0] != '\0' ? state.file : "disabled");
        check_mend(check, CHECK_HERE, "systemctl --user enable %s; " VAULT_RESTART, unit);
    } else {
        check_wrong(check,
                    "%s is %s: it was stopped, or the service was switched on after this "
                    "user's login",
                    unit, state.active);
        check_mend(check, CHECK_HERE, VAULT_RESTART);
    }
}

void check_agent_unit(struct check *check)
{
    check_socket_unit(check, "split-ssh-agent.socket", VAULT_AGENT_SOCKET);
}

void check_qrexec_unit(struct check *check)
{
    check_socket_unit(check, "split-ssh-qrexec.socket", VAULT_QREXEC_SOCKET);
}
