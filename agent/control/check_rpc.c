/* SPDX-License-Identifier: BSD-2-Clause */
/* Where qrexec finds the service: the first directory that has SERVICE+ARGUMENT or SERVICE. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_run.h"
#include "check_vault.h"

#define SERVICE     "qubes.SshAgent"
#define SERVICE_LEN (sizeof SERVICE - 1)
#define LOCAL       "/usr/local/etc/qubes-rpc" /* stays in a qube that has a template */
#define LOCAL_RULES "/usr/local/etc/qubes/rpc-config"
#define RULES_MAX   4096U

static const char *const directories[] = {"/run/qubes-rpc", LOCAL, "/etc/qubes-rpc"};
static const char *const rules[] = {"/run/qubes/rpc-config", LOCAL_RULES, "/etc/qubes/rpc-config"};

#define DIRECTORIES (sizeof directories / sizeof directories[0])

static bool leads_to_us(const char *path)
{
    char target[128];
    ssize_t n = readlink(path, target, sizeof target - 1);
    struct stat ours;
    struct stat st;

    if (n > 0) {
        target[n] = '\0';
        if (strcmp(target, VAULT_QREXEC_SOCKET) == 0) {
            return true;
        }
    }
    return stat(path, &st) == 0 && stat(VAULT_QREXEC_SOCKET, &ours) == 0 &&
           st.st_dev == ours.st_dev && st.st_ino == ours.st_ino;
}

static const char *describe(const char *path)
{
    char text[4096];
    struct stat st;

    if (stat(path, &st) != 0) {
        return "a link to nothing";
    }
    if (!S_ISREG(st.st_mode) || !check_read(path, text, sizeof text)) {
        return "something else";
    }
    if (strstr(text, "/run/split-ssh/") != NULL || strstr(text, "split-ssh") != NULL) {
        return "the script of the package qubes-split-ssh";
    }
    if (strstr(text, "SSH_AUTH_SOCK") != NULL || strstr(text, "socat") != NULL ||
        strstr(text, "ncat") != NULL) {
        return "the script of the old guides";
    }
    return "another program";
}

/* path: a service that does not lead to our socket; directory: its index. */
static void say_stranger(struct check *check, unsigned directory, const char *path, bool plain)
{
    char quoted[CHECK_TEXT_MAX / 2];

    check_quote(quoted, sizeof quoted, path);
    check_wrong(check, "calls go to %s, which is %s, and not to split-ssh-agent", path,
                describe(path));
    if (strcmp(directories[directory], LOCAL) == 0 && plain) {
        check_mend(check, CHECK_HERE, "sudo ln -sfn " VAULT_QREXEC_SOCKET " %s", quoted);
    } else if (directory + 1 < DIRECTORIES) {
        check_mend(check, CHECK_HERE, "sudo rm %s", quoted);
    } else {
        /* In the template's directory: one of ours comes before it, and stays. */
        check_mend(check, CHECK_HERE,
                   "sudo mkdir -p " LOCAL " && sudo ln -sfn " VAULT_QREXEC_SOCKET " " LOCAL
                   "/" SERVICE);
    }
}

/* *ret_found: a service for all calls is in this directory, and is ours. False: trouble was said.
 */
static bool look_in(struct check *check, unsigned directory, bool *ret_found)
{
    DIR *stream = opendir(directories[directory]);
    struct dirent *entry;
    bool fine = true;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        bool plain = strcmp(entry->d_name, SERVICE) == 0;
        char path[CHECK_TEXT_MAX];

        if (!plain && strncmp(entry->d_name, SERVICE "+", SERVICE_LEN + 1) != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", directories[directory], entry->d_name);
        if (!leads_to_us(path)) {
            say_stranger(check, directory, path, plain);
            fine = false;
        } else if (plain) {
            *ret_found = true;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return fine;
}

void check_rpc(struct check *check)
{
    bool found = false;
    bool fine = true;

    for (unsigned i = 0; i < DIRECTORIES && !found; i++) {
        fine = look_in(check, i, &found) && fine;
    }
    if (!fine) {
        return;
    }
    if (!found) {
        check_wrong(check, "there is no service " SERVICE " in this qube: calls end with 127");
        check_mend(check, CHECK_HERE,
                   "sudo mkdir -p " LOCAL " && sudo ln -sfn " VAULT_QREXEC_SOCKET " " LOCAL
                   "/" SERVICE);
        return;
    }
    check_ok(check, "calls of " SERVICE " go to the agent's socket");
}

/* NAME=VALUE, with blanks where people put them. */
static bool rule_is_on(const char *text, const char *name)
{
    size_t len = strlen(name);

    while (*text != '\0') {
        text += strspn(text, " \t");
        if (strncmp(text, name, len) == 0) {
            const char *at = text + len + strspn(text + len, " \t");

            if (*at == '=') {
                at += 1 + strspn(at + 1, " \t'\"");
                return strncmp(at, "1", 1) == 0 || strncmp(at, "true", 4) == 0;
            }
        }
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return false;
}

static void mend_rules(struct check *check)
{
    check_mend(check, CHECK_HERE,
               "sudo rm -f %s/" SERVICE "; sudo mkdir -p " LOCAL_RULES
               " && echo wait-for-session=1 | sudo tee " LOCAL_RULES "/" SERVICE,
               rules[0]);
}

void check_rpc_config(struct check *check)
{
    char text[RULES_MAX] = "";
    char path[128] = "";

    for (unsigned i = 0; i < DIRECTORIES; i++) {
        snprintf(path, sizeof path, "%s/" SERVICE, rules[i]);
        if (check_read(path, text, sizeof text)) {
            break;
        }
        path[0] = '\0';
    }
    if (rule_is_on(text, "skip-service-descriptor")) {
        check_wrong(check,
                    "%s has skip-service-descriptor: the agent is not told which qube calls, "
                    "and refuses",
                    path);
        mend_rules(check);
    } else if (!rule_is_on(text, "wait-for-session")) {
        check_wrong(check, "%s: a call that starts this qube comes before the agent is there",
                    path[0] != '\0' ? "wait-for-session is off" : "no file has wait-for-session");
        mend_rules(check);
    } else {
        check_ok(check, "a call waits for the session, and names its qube");
    }
}
