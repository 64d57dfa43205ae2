/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of this user that the agent depends on: the audit log, and keys. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_log.h"
#include "check_run.h"
#include "check_vault.h"

#define NAMED_MAX 8U /* key files that are complained about */

/* The agent makes it with all that is above it; so what is above it is in the way. */
static void say_missing(struct check *check, const char *directory)
{
    char above[PATH_MAX];
    char quoted[CHECK_TEXT_MAX / 4];
    int error = errno;
    struct stat st;
    char *slash;

    check_wrong(check, "%s: %s; without a log nothing is signed", directory, strerror(error));
    check_mend(check, CHECK_HERE, VAULT_RESTART);
    snprintf(above, sizeof above, "%s", directory);
    while ((slash = strrchr(above, '/')) != NULL && slash != above) {
        *slash = '\0';
        if (lstat(above, &st) == 0) {
            break;
        }
    }
    check_quote(quoted, sizeof quoted, above);
    if (slash == NULL || slash == above) {
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        check_mend(check, CHECK_HERE, "mv %s %s.old; " VAULT_RESTART, quoted, quoted);
    } else if (access(above, R_OK | W_OK | X_OK) != 0) {
        check_mend(check, CHECK_HERE, "sudo chown \"$(id -u)\" %s; chmod u+rwx %s; " VAULT_RESTART,
                   quoted, quoted);
    }
}

/* Whether the directory is as audit_open() wants it; if not, it was said. */
static bool is_place_for_log(struct check *check, const char *directory, const char *quoted)
{
    struct stat st;

    if (lstat(directory, &st) != 0) {
        say_missing(check, directory);
    } else if (!S_ISDIR(st.st_mode)) {
        check_wrong(check, "%s is not a directory, so there is no log and nothing is signed",
                    directory);
        check_mend(check, CHECK_HERE, "mv %s %s.old; " VAULT_RESTART, quoted, quoted);
    } else if (st.st_uid != geteuid()) {
        check_wrong(check, "%s is another user's, so there is no log and nothing is signed",
                    directory);
        check_mend(check, CHECK_HERE, "sudo chown -R \"$(id -u)\" %s; " VAULT_RESTART, quoted);
    } else if ((st.st_mode & 0722) != 0700) {
        check_wrong(check, "%s has mode %04o; the log needs a directory that is this user's alone",
                    directory, (unsigned)(st.st_mode & 07777));
        check_mend(check, CHECK_HERE, "chmod 700 %s; " VAULT_RESTART, quoted);
    } else {
        return true;
    }
    return false;
}

/* The same for the file, which need not be there. */
static bool is_log(struct check *check, const char *file, const char *quoted)
{
    struct stat st;
    bool found = lstat(file, &st) == 0;

    if (!found && errno == ENOENT) {
        return true;
    }
    if (!found || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || access(file, W_OK) != 0) {
        check_wrong(check, "%s cannot be written, so nothing is signed", file);
        check_mend(check, CHECK_HERE, "mv %s/" AUDIT_FILE " %s/" AUDIT_FILE ".old", quoted, quoted);
        return false;
    }
    return true;
}

void check_audit(struct check *check)
{
    char directory[PATH_MAX];
    char file[PATH_MAX + sizeof AUDIT_FILE + 1];
    char quoted[CHECK_TEXT_MAX / 4];

    if (audit_log_directory(directory) != OK) {
        check_wrong(check, "HOME is not set, so there is no place for the log");
        check_mend(check, CHECK_HERE,
                   "export HOME=\"$(getent passwd \"$(id -u)\" | cut -d: -f6)\"");
        return;
    }
    check_quote(quoted, sizeof quoted, directory);
    snprintf(file, sizeof file, "%s/" AUDIT_FILE, directory);
    if (!is_place_for_log(check, directory, quoted) || !is_log(check, file, quoted)) {
        return;
    }
    if (vault_report("audit")[0] == '\0') {
        check_wrong(check, "the agent could not open its log at its start, so nothing is signed");
        check_mend(check, CHECK_HERE, VAULT_RESTART);
        return;
    }
    check_ok(check, "decisions are written to %s", file);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t n = strlen(suffix);

    return len >= n && strcmp(name + len - n, suffix) == 0;
}

/* *complaints grows with each file that others may read. */
static void look_at_key(struct check *check, const char *path, const char *agent,
                        unsigned *complaints)
{
    char quoted[CHECK_TEXT_MAX];
    char name[CHECK_TEXT_MAX];
    char text[4096];
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0 ||
        !check_read(path, text, sizeof text) || strstr(text, "PRIVATE KEY-----") == NULL ||
        *complaints == NAMED_MAX) {
        return;
    }
    (*complaints)++;
    check_wrong(check, "%s can be read by others (mode %04o), so it is not loaded", path,
                (unsigned)(st.st_mode & 07777));
    check_mend(check, CHECK_HERE, "chmod 600 %s; split-ssh -a " VAULT_AGENT_SOCKET " reload %s",
               check_quote(quoted, sizeof quoted, path), check_quote(name, sizeof name, agent));
}

/* path: of an entry that may be a key or an agent; false for names that the agent does not look at.
 */
static bool take_entry(const char *directory, const char *name, char *ret_path)
{
    int n = snprintf(ret_path, PATH_MAX, "%s/%s", directory, name);

    return name[0] != '.' && n > 0 && n < PATH_MAX && !has_suffix(name, ".pub") &&
           !has_suffix(name, ".ssh-add-option");
}

/* The keys of one agent, which has a directory of its own. */
static void look_at_agent(struct check *check, const char *directory, const char *agent,
                          unsigned *complaints)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    char path[PATH_MAX];

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (take_entry(directory, entry->d_name, path)) {
            look_at_key(check, path, agent, complaints);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

static unsigned look_at_all(struct check *check, const char *directory)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    char path[PATH_MAX];
    unsigned complaints = 0;
    struct stat st;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (!take_entry(directory, entry->d_name, path) || stat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode)) {
            look_at_agent(check, path, entry->d_name, &complaints);
        } else {
            look_at_key(check, path, "default", &complaints);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return complaints;
}

void check_key_files(struct check *check)
{
    const char *home = getenv("HOME");
    char directory[PATH_MAX];

    snprintf(directory, sizeof directory, "%s/" KEY_DIRECTORY, home != NULL ? home : "");
    if (access(directory, F_OK) != 0) {
        check_ok(check, "there are no key files in ~/" KEY_DIRECTORY);
        return;
    }
    if (look_at_all(check, directory) == 0) {
        check_ok(check, "the key files in ~/" KEY_DIRECTORY " are this user's alone");
    }
}
