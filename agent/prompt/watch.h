/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_WATCH_H
#define PROMPT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define WATCHED_MAX  512U /* names: 70 paths that share most of their directories, and links */
#define WATCH_SUFFIX "*.conf"

/*
 * Notices changes of paths that need not exist yet (inotify(7)): a path is watched through the
 * directories that lead to it, as far as they exist, each for the one name that leads on.
 */
struct watched {
    int wd;
    char *name; /* of the heap; WATCH_SUFFIX stands for all such names */
};

struct watch {
    int fd; /* -1: inotify cannot be used */
    bool said;
    size_t count;
    struct watched watched[WATCHED_MAX];
};

/* Without inotify nothing is ever noticed, which is logged. */
void watch_start(struct watch *w);

/*
 * From now on these paths, each absolute, are watched, and no others; a last component may be
 * WATCH_SUFFIX. A path that is a symbolic link is watched at both ends. What cannot be watched is
 * logged once.
 */
void watch_paths(struct watch *w, const char *const *paths, size_t count);

/* Reads what has happened: was it any of the paths? Does not wait. */
bool watch_changed(struct watch *w);

#endif
