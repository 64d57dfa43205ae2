/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent says of itself (check@split-ssh). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_agent.h"
#include "check_run.h"
#include "check_vault.h"
#include "connection.h"

#define RELOAD_AGENT "systemctl --user reload " VAULT_SERVICE "; sleep 1" /* it answers nothing */

static char report[AGENT_REPORT_MAX];
static char value[CHECK_TEXT_MAX];

const char *vault_report(const char *word)
{
    return check_get(value, sizeof value, report, ' ', word);
}

static bool is_yes(const char *word)
{
    return strcmp(vault_report(word), "yes") == 0;
}

void check_agent(struct check *check)
{
    char why[CONNECTION_WHY_MAX];
    enum err err = agent_report(VAULT_AGENT_SOCKET, report, why);

    if (err == ERR_NOT_FOUND) {
        check_wrong(check, "the agent that runs is older than this program");
        check_mend(check, CHECK_HERE, VAULT_RESTART);
    } else if (err != OK) {
        check_wrong(check, "%s", why);
        check_mend(check, CHECK_HERE, VAULT_RESTART);
    } else if (strcmp(vault_report("version"), SPLIT_SSH_VERSION) != 0) {
        check_note(check,
                   "the agent that runs is version %s, and " SPLIT_SSH_VERSION
                   " is installed (a restart takes its keys away)",
                   vault_report("version"));
        check_mend(check, CHECK_HERE, VAULT_RESTART);
    } else {
        check_ok(check, "the agent is version %s", vault_report("version"));
    }
}

void check_prompt(struct check *check)
{
    if (is_yes("prompt")) {
        check_ok(check, "the prompt, which asks the user, runs");
        return;
    }
    check_wrong(check, "the prompt has ended, so each question is answered with no");
    check_mend(check, CHECK_HERE, VAULT_RESTART);
}

void check_key_memory(struct check *check)
{
    if (strncmp(vault_report("memory"), "memfd_secret", strlen("memfd_secret")) == 0) {
        check_ok(check, "keys are in memory that the kernel shows to no other process (%s)",
                 vault_report("memory"));
        return;
    }
    check_note(check,
               "the kernel has no memfd_secret (Linux 6.5 has it), so root can read keys in "
               "memory: %s",
               vault_report("memory"));
    check_mend(check, CHECK_DOM0, "qvm-prefs --default %s kernel", check_qube_name());
}

void check_sandbox(struct check *check)
{
    char keystore[CHECK_TEXT_MAX];
    bool whole;

    snprintf(keystore, sizeof keystore, "%.128s", vault_report("keystore"));
    whole = strstr(keystore, "Landlock 0") == NULL && strstr(keystore, "Landlock") != NULL &&
            strstr(vault_report("agent"), "Landlock") != NULL;
    if (whole) {
        check_ok(check, "agent and keystore are in their sandboxes (%s)", keystore);
    } else {
        check_note(check, "this kernel has no Landlock; the lists of system calls stand alone (%s)",
                   keystore);
    }
}

void check_policy(struct check *check)
{
    char problem[CHECK_TEXT_MAX];

    snprintf(problem, sizeof problem, "%s", vault_report("policy"));
    if (problem[0] == '\0') {
        check_ok(check, "the policy is read as it is in its files");
        return;
    }
    check_wrong(check, "the agent goes on with the policy from before: %s", problem);
    check_mend(check, CHECK_HERE, RELOAD_AGENT);
    check_mend_policy(check, problem, RELOAD_AGENT);
}

void check_keys(struct check *check)
{
    const char *home = getenv("HOME");
    char path[CHECK_TEXT_MAX / 2];
    char count[32];

    snprintf(count, sizeof count, "%.16s", vault_report("keys"));
    if (is_yes("locked")) {
        check_note(check, "the agent is locked: it shows no keys and signs nothing");
        check_mend(check, CHECK_HERE, "SSH_AUTH_SOCK=" VAULT_AGENT_SOCKET " ssh-add -X");
    } else if (strcmp(count, "0") != 0) {
        check_ok(check, "keys that can be used: %s", count);
    } else {
        check_note(check, "there are no keys: unlock a database of KeePassXC, use ssh-add, or put "
                          "key files into ~/" KEY_DIRECTORY);
        snprintf(path, sizeof path, "%s/.ssh/id_ed25519", home != NULL ? home : "");
        if (access(path, F_OK) == 0) {
            check_mend(check, CHECK_HERE,
                       "SSH_AUTH_SOCK=" VAULT_AGENT_SOCKET " ssh-add -c ~/.ssh/id_ed25519");
        } else {
            check_mend(check, CHECK_HERE,
                       "mkdir -p -m 700 ~/" KEY_DIRECTORY " && ssh-keygen -t ed25519 -f "
                       "~/" KEY_DIRECTORY "/id_ed25519");
        }
    }
}
