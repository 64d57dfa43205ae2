/* SPDX-License-Identifier: BSD-2-Clause */
/* Small questions about this system. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check_run.h"

const char *check_qube_name(void)
{
    static struct utsname name;

    return uname(&name) == 0 && name.nodename[0] != '\0' ? name.nodename : "QUBE";
}

static void package_command(char *ret, size_t cap, const char *package, bool again)
{
    static const struct {
        const char *program;
        const char *install, *again;
    } managers[] = {
        {"/usr/bin/apt-get", "apt-get install", "apt-get install --reinstall"},
        {"/usr/bin/dnf", "dnf install", "dnf reinstall"},
        {"/usr/bin/pacman", "pacman -S", "pacman -S"},
    };
    unsigned found = 0;

    for (unsigned i = 0; i < sizeof managers / sizeof managers[0]; i++) {
        if (access(managers[i].program, X_OK) == 0) {
            found = i;
            break;
        }
    }
    snprintf(ret, cap, "sudo %s %s", again ? managers[found].again : managers[found].install,
             package);
}

void check_install(char *ret, size_t cap, const char *package)
{
    package_command(ret, cap, package, false);
}

void check_reinstall(char *ret, size_t cap, const char *package)
{
    package_command(ret, cap, package, true);
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
