/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_WATCH_H
#define PROMPT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCHED_MAX    16384U /* names: 4,096 key files that are all links, and what leads there */
#define WATCH_SUFFIX   "*.conf"
#define WATCH_ALL      "*"
#define WATCH_QUIET_MS 200U  /* without an event: editors make several */
#define WATCH_LATE_MS  2000U /* after the first event, however many follow */

/*
 * Notices changes of paths that need not exist yet (inotify(7)): a path is watched through the
 * directories that lead to it, as far as they exist, each for the one name that leads on. Times are
 * ms of CLOCK_BOOTTIME.
 */
struct watched {
    int wd;
    char *name; /* of the heap; WATCH_SUFFIX stands for all such names, WATCH_ALL for every one */
};

struct watch {
    int fd;            /* -1: inotify cannot be used */
    const char *other; /* how else files are read anew, for the log; stays */
    bool said;
    size_t count, cap;
    struct watched *watched;
    uint64_t first, last; /* events that nobody has acted on; 0: there are none */
};

/*
 * Without inotify nothing is ever noticed, which is logged with the other way to have files read,
 * a string that stays.
 */
void watch_start(struct watch *w, const char *other);

/*
 * From now on these paths, each absolute, are watched, and no others; a last component may be
 * WATCH_SUFFIX or WATCH_ALL. A path that is a symbolic link is watched at both ends. What cannot be
 * watched is logged once.
 */
void watch_paths(struct watch *w, const char *const *paths, size_t count);

/* Reads what has happened, and keeps in mind if it was any of the paths. Does not wait. */
void watch_notice(struct watch *w, uint64_t now);

/* When it is time to act on what has happened; UINT64_MAX: nothing has. */
uint64_t watch_due(const struct watch *w);

/* It is being acted on. */
void watch_seen(struct watch *w);

#endif
