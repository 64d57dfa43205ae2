/* SPDX-License-Identifier: BSD-2-Clause */
/* Small questions about this system. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check_run.h"
#include "client_config.h"

/* The host name of all of Whonix's qubes is the same, so QubesDB comes first. */
const char *check_qube_name(void)
{
    static const char *const argv[] = {"qubesdb-read", "/name", NULL};
    static char name[QUBE_NAME_MAX + 1];
    static struct utsname host;
    static struct run run;
    static bool asked;

    if (!asked && run_simple(argv, &run)) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(run.out, "\n"), run.out);
    }
    asked = true;
    if (call_target_valid(name)) {
        return name;
    }
    /* Any text can be a host name, and this goes into commands for dom0. */
    return uname(&host) == 0 && call_target_valid(host.nodename) ? host.nodename : "QUBE";
}

/* Of Debian, Fedora and Arch; the last two words are for packages that no repository has. */
static const struct manager {
    const char *program;
    const char *install;
    const char *install_files;
    const char *suffix; /* of a file, after the package's name */
} managers[] = {
    {"/usr/bin/apt-get", "apt-get install", "apt-get install --reinstall", "_*.deb"},
    {"/usr/bin/dnf", "dnf install", "dnf install", "-[0-9]*.rpm"},
    {"/usr/bin/pacman", "pacman -S", "pacman -U", "-[0-9]*.pkg.tar*"},
};

static const struct manager *package_manager(void)
{
    for (unsigned i = 0; i < sizeof managers / sizeof managers[0]; i++) {
        if (access(managers[i].program, X_OK) == 0) {
            return &managers[i];
        }
    }
    return &managers[0];
}

void check_install(char *ret, size_t cap, const char *package)
{
    snprintf(ret, cap, "sudo %s %s", package_manager()->install, package);
}

void check_install_ours(char *ret, size_t cap, const char *package)
{
    const struct manager *manager = package_manager();

    snprintf(ret, cap, "sudo %s ./split-ssh-common%s ./%s%s", manager->install_files,
             manager->suffix, package, manager->suffix);
}

bool check_manager_has(const char *variable, char *ret)
{
    static const char *const argv[] = {"systemctl", "--user", "show-environment", NULL};
    static struct run run;
    static bool asked;

    if (!asked) {
        run_simple(argv, &run);
        asked = true;
    }
    check_get(ret, CHECK_TEXT_MAX, run.status == 0 ? run.out : "", '=', variable);
    return ret[0] != '\0';
}

bool check_read(const char *path, char *ret, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t used = 0;
    ssize_t n = 1;
    int saved;

    if (fd < 0) {
        return false;
    }
    while (used < cap - 1 && (n > 0 || (n < 0 && errno == EINTR))) {
        n = read(fd, ret + used, cap - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    saved = errno;
    close(fd);
    errno = saved;
    ret[used] = '\0';
    return n >= 0;
}

struct search {
    const char *first, *second;
    unsigned number; /* of the line */
};

static bool take_line(void *context, const char *line, size_t len)
{
    struct search *search = context;
    char copy[4096];
    const char *comment;
    const char *first;

    search->number++;
    snprintf(copy, sizeof copy, "%.*s", (int)(len < sizeof copy ? len : sizeof copy - 1), line);
    comment = strchr(copy, '#');
    first = strstr(copy, search->first);
    return first != NULL && (comment == NULL || first < comment) &&
           strstr(first + strlen(search->first), search->second) != NULL;
}

unsigned check_find_line(const char *path, const char *first, const char *second)
{
    struct search search = {.first = first, .second = second};
    static char text[STARTUP_MAX];

    return check_read(path, text, sizeof text) && check_each_line(text, take_line, &search)
               ? search.number
               : 0;
}
