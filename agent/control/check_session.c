/* SPDX-License-Identifier: BSD-2-Clause */
/* SSH_AUTH_SOCK, and the agents that would like to be there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_rivals.h"
#include "check_run.h"
#include "check_vault.h"

#define VARIABLE    "SSH_AUTH_SOCK"
#define SET_SESSION "systemctl --user set-environment " VARIABLE "=" VAULT_AGENT_SOCKET
#define SET_SHELL   "export " VARIABLE "=" VAULT_AGENT_SOCKET
#define GPG_FILE    ".gnupg/gpg-agent.conf"
#define GPG_WORD    "enable-ssh-support"
#define XSESSION    "/etc/X11/Xsession.options"
#define HITS_MAX    8U /* lines of one that are named */

static bool leads_to_agent(const char *value)
{
    return strcmp(value, VAULT_AGENT_SOCKET) == 0;
}

/* gpg-agent's own start-up files come after ours, and take the variable if it wants it. */
static bool gpg_wants_ssh(void)
{
    const char *home = getenv("HOME");
    char text[STARTUP_MAX];
    char path[CHECK_TEXT_MAX];
    const char *at;

    snprintf(path, sizeof path, "%s/" GPG_FILE, home != NULL ? home : "");
    if (!check_read(path, text, sizeof text)) {
        return false;
    }
    at = strstr(text, GPG_WORD);
    while (at != NULL && at != text && at[-1] != '\n') {
        at = strstr(at + 1, GPG_WORD);
    }
    return at != NULL;
}

void check_session(struct check *check)
{
    char value[CHECK_TEXT_MAX];

    check_manager_has(VARIABLE, value);
    if (leads_to_agent(value)) {
        check_ok(check, VARIABLE " of the session leads to the agent");
    } else if (value[0] == '\0') {
        check_wrong(check,
                    VARIABLE " is not set in the session: KeePassXC and others find no agent");
        check_mend(check, CHECK_HERE, SET_SESSION);
    } else {
        check_wrong(check, VARIABLE " of the session is %s (%s)", value, check_rival_name(value));
        check_mend(check, CHECK_HERE, "%s" SET_SESSION, check_rival_off(value));
    }
    if (gpg_wants_ssh() && strstr(value, "gpg") == NULL) {
        check_wrong(check, "gpg-agent has " GPG_WORD " and takes " VARIABLE " at the next login");
        check_mend(check, CHECK_HERE, "sed -i.bak 's/^" GPG_WORD "/# &/' ~/" GPG_FILE);
    }
}

/* What the lines of a start-up file set. */
struct hits {
    unsigned line;
    unsigned count;
    unsigned lines[HITS_MAX];
};

/* `export SSH_AUTH_SOCK=...`, without export, or `eval "$(ssh-agent ...)"`, with blanks before. */
static bool take_startup_line(void *context, const char *line, size_t len)
{
    struct hits *hits = context;
    char copy[256];
    const char *at;
    bool hit;

    hits->line++;
    snprintf(copy, sizeof copy, "%.*s", (int)(len < sizeof copy ? len : sizeof copy - 1), line);
    at = copy + strspn(copy, " \t");
    if (strncmp(at, "export ", 7) == 0) {
        at += 7 + strspn(at + 7, " \t");
    }
    hit = (strncmp(at, VARIABLE "=", sizeof VARIABLE) == 0 &&
           strstr(at, VAULT_AGENT_SOCKET) == NULL) ||
          (strncmp(at, "eval", 4) == 0 && strstr(at, "ssh-agent") != NULL);
    if (hit && hits->count < HITS_MAX) {
        hits->lines[hits->count++] = hits->line;
    }
    return false;
}

/* Makes the lines comments behind the command that does nothing, which may stand where one must. */
static void mend_startup(struct check *check, const char *path, const struct hits *hits)
{
    char quoted[CHECK_TEXT_MAX];
    char script[HITS_MAX * 24U];
    size_t used = 0;

    for (unsigned i = 0; i < hits->count && used < sizeof script; i++) {
        used += (size_t)snprintf(script + used, sizeof script - used, "%s%us/^/: # /",
                                 i > 0 ? "; " : "", hits->lines[i]);
    }
    check_mend(check, CHECK_HERE, "sed -i.bak '%s' %s && " SET_SHELL, script,
               check_quote(quoted, sizeof quoted, path));
}

void check_startup(struct check *check)
{
    static const char *const names[] = {".bashrc",  ".bash_profile", ".bash_login",
                                        ".profile", ".zshenv",       ".zprofile",
                                        ".zshrc",   ".xsessionrc",   ".xprofile"};
    const char *home = getenv("HOME");
    static char text[STARTUP_MAX];
    bool fine = true;

    for (unsigned i = 0; home != NULL && i < sizeof names / sizeof names[0]; i++) {
        struct hits hits = {.line = 0};
        char path[CHECK_TEXT_MAX];

        snprintf(path, sizeof path, "%s/%s", home, names[i]);
        if (!check_read(path, text, sizeof text)) {
            continue;
        }
        check_each_line(text, take_startup_line, &hits);
        if (hits.count > 0) {
            check_wrong(check, "%s:%u: this sets " VARIABLE " to another agent", path,
                        hits.lines[0]);
            mend_startup(check, path, &hits);
            fine = false;
        }
    }
    if (fine) {
        check_ok(check, "no start-up file of the shells sets " VARIABLE " otherwise");
    }
}

static bool xsession_starts_agent(void)
{
    char text[4096];

    return check_read(XSESSION, text, sizeof text) &&
           (strncmp(text, "use-ssh-agent", 13) == 0 || strstr(text, "\nuse-ssh-agent") != NULL);
}

void check_shell(struct check *check)
{
    const char *value = getenv(VARIABLE);

    if (value != NULL && leads_to_agent(value)) {
        check_ok(check, VARIABLE " of this shell leads to the agent");
        return;
    }
    if (value == NULL || value[0] == '\0') {
        check_wrong(check, VARIABLE " is not set in this shell: ssh-add and ssh find no agent");
        check_mend(check, CHECK_HERE, SET_SHELL);
        return;
    }
    check_wrong(check, VARIABLE " of this shell is %s (%s)", value, check_rival_name(value));
    check_mend(check, CHECK_HERE, SET_SHELL);
    if (strstr(value, "/ssh-") != NULL && xsession_starts_agent()) {
        check_note(check, "the X session may start an ssh-agent: " XSESSION " has use-ssh-agent");
        check_mend(check, CHECK_TEMPLATE,
                   "sudo sed -i 's/^use-ssh-agent/no-use-ssh-agent/' " XSESSION);
    }
}
