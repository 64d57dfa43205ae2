/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs the agent, and where its sockets are. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_run.h"
#include "check_vault.h"

#define GROUP          "qubes"
#define DIRECTORY_MODE 02750
#define TMPFILES       "split-ssh.conf"

static const char *user_name(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return user != NULL ? user->pw_name : "user";
}

/* HOME, and with it sockets and files, would be root's. */
void check_user(struct check *check)
{
    if (geteuid() == 0) {
        check_wrong(check, "this is root; the units and their sockets are the user's");
        check_mend(check, CHECK_HERE, "runuser -l user -c 'split-ssh check %s'", check->side);
        return;
    }
    check_ok(check, "this is %s, uid %u", user_name(), (unsigned)geteuid());
}

static bool is_member(gid_t group)
{
    gid_t groups[64];
    int count = sizeof groups / sizeof groups[0];

    if (getgrouplist(user_name(), getegid(), groups, &count) < 0) {
        return true; /* more than we look at */
    }
    for (int i = 0; i < count; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

void check_group(struct check *check)
{
    const struct group *group = getgrnam(GROUP);

    if (group == NULL) {
        check_wrong(check, "there is no group " GROUP ", which the socket for qrexec belongs to");
        check_mend(check, CHECK_TEMPLATE, "sudo groupadd --system " GROUP);
    } else if (geteuid() != 0 && !is_member(group->gr_gid)) {
        check_note(check, "%s is not in the group " GROUP, user_name());
        check_mend(check, CHECK_TEMPLATE, "sudo usermod -aG " GROUP " %s", user_name());
    } else {
        check_ok(check, "there is the group " GROUP);
    }
}

struct wanted {
    const char *line;
    bool found;
};

static bool take_line(void *context, const char *line, size_t len)
{
    struct wanted *wanted = context;
    size_t n = strlen(wanted->line);

    return len >= n && strncmp(line, wanted->line, n) == 0;
}

/* Whether systemd-tmpfiles makes the directory as it has to be for this user. */
static bool tmpfiles_is_right(void)
{
    static const char *const places[] = {"/etc/tmpfiles.d/", "/run/tmpfiles.d/",
                                         "/usr/local/lib/tmpfiles.d/", "/usr/lib/tmpfiles.d/"};
    char text[4096];
    char path[128];
    char line[128];
    struct wanted wanted = {.line = line};

    snprintf(line, sizeof line, "d " VAULT_DIRECTORY " 2750 %.64s " GROUP, user_name());
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s" TMPFILES, places[i]);
        if (check_read(path, text, sizeof text)) {
            return check_each_line(text, take_line, &wanted); /* the first file is the one */
        }
    }
    return false;
}

static void mend_directory(struct check *check)
{
    if (tmpfiles_is_right()) {
        check_mend(check, CHECK_HERE,
                   "sudo systemd-tmpfiles --create " TMPFILES "; " VAULT_RESTART);
        return;
    }
    check_mend(check, CHECK_HERE,
               "echo 'd " VAULT_DIRECTORY " 2750 %s " GROUP
               " -' | sudo tee /etc/tmpfiles.d/" TMPFILES
               " && sudo systemd-tmpfiles --create " TMPFILES "; " VAULT_RESTART,
               user_name());
}

void check_directory(struct check *check)
{
    const struct group *group = getgrnam(GROUP);
    struct stat st;

    if (lstat(VAULT_DIRECTORY, &st) != 0) {
        check_wrong(check, VAULT_DIRECTORY ", where the sockets belong: %s", strerror(errno));
    } else if (!S_ISDIR(st.st_mode)) {
        check_wrong(check, VAULT_DIRECTORY " is not a directory");
        check_mend(check, CHECK_HERE,
                   "sudo rm " VAULT_DIRECTORY "; sudo systemd-tmpfiles --create " TMPFILES
                   "; " VAULT_RESTART);
        return;
    } else if (st.st_uid != geteuid()) {
        check_wrong(check, VAULT_DIRECTORY " is not %s's: no agent makes its socket there",
                    user_name());
    } else if ((st.st_mode & 07777) != DIRECTORY_MODE || group == NULL ||
               st.st_gid != group->gr_gid) {
        check_wrong(check,
                    VAULT_DIRECTORY " has mode %04o and group %u; with %04o and the group " GROUP
                                    " qrexec gets in, and nobody else",
                    (unsigned)(st.st_mode & 07777), (unsigned)st.st_gid, DIRECTORY_MODE);
    } else {
        check_ok(check, VAULT_DIRECTORY " is %s's and has the group " GROUP, user_name());
        return;
    }
    mend_directory(check);
}
