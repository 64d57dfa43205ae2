/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass_find.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "askpass_programs.h"
#include "log.h"

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0';
}

static bool require_is(const char *word)
{
    const char *value = getenv("SSH_ASKPASS_REQUIRE");

    return value != NULL && strcmp(value, word) == 0;
}

static bool is_same_file(const char *path, const char *other)
{
    struct stat a;
    struct stat b;

    return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* /proc/self/exe: a copy of split-ssh-askpass elsewhere, which is the one that runs. */
bool askpass_is_ours(const char *path)
{
    return is_same_file(path, SPLIT_SSH_BINDIR "/split-ssh-askpass") ||
           is_same_file(path, "/proc/self/exe") || strcmp(path, "split-ssh-askpass") == 0;
}

static const char *choose(const char *own)
{
    bool display = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");

    if (require_is("never") || (!display && (own == NULL || !require_is("force")))) {
        return NULL;
    }
    if (own != NULL) {
        if (own[0] == '/' && access(own, X_OK) == 0) {
            return own;
        }
        log_line("SSH_ASKPASS is not the full path of a program: %.200s (another one is taken)",
                 own);
    }
    for (size_t i = 0; i < ASKPASS_PROGRAMS; i++) {
        if (access(askpass_programs[i], X_OK) == 0 && !askpass_is_ours(askpass_programs[i])) {
            return askpass_programs[i];
        }
    }
    return NULL;
}

const char *askpass_find(void)
{
    const char *own = is_set("SSH_ASKPASS") ? getenv("SSH_ASKPASS") : NULL;
    const char *program = choose(own != NULL && !askpass_is_ours(own) ? own : NULL);

    if (program == NULL) {
        log_line("there is no display, or no askpass program is installed");
    }
    return program;
}
