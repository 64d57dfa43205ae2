/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"

/* Of a directory on the way only its names count; writes to all of $HOME would wake us for nothing.
 */
#define ON_THE_WAY                                                                                 \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |            \
     IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)
#define LAST_ONE (ON_THE_WAY | IN_MODIFY | IN_CLOSE_WRITE)

void watch_start(struct watch *w, const char *other)
{
    *w = (struct watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .other = other};
    if (w->fd < 0) {
        log_line("warning: no inotify (%s): changed files are read when %s says so",
                 strerror(errno), other);
    }
}

static void say_unwatched(struct watch *w, const char *path, const char *why)
{
    if (!w->said) {
        log_line("warning: cannot watch %s for changes (%s); %s has files read", path, why,
                 w->other);
        w->said = true;
    }
}

static bool is_watched(const struct watched *list, size_t count, int wd, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].wd == wd && (name == NULL || strcmp(list[i].name, name) == 0)) {
            return true;
        }
    }
    return false;
}

static bool make_room(struct watch *w)
{
    size_t cap = w->cap == 0 ? 64 : 2 * w->cap;
    struct watched *more;

    if (w->count < w->cap) {
        return true;
    }
    more = reallocarray(w->watched, cap, sizeof *more);
    if (more != NULL) {
        w->watched = more;
        w->cap = cap;
    }
    return more != NULL;
}

static void add_name(struct watch *w, int wd, const char *name, size_t len, const char *path)
{
    char *copy = strndup(name, len);

    if (copy == NULL || is_watched(w->watched, w->count, wd, copy)) {
        free(copy);
        return;
    }
    if (w->count == WATCHED_MAX || !make_room(w)) {
        say_unwatched(w, path, "too many names");
        free(copy);
        return;
    }
    w->watched[w->count++] = (struct watched){.wd = wd, .name = copy};
}

/*
 * Each directory is watched before the next one is looked for: what appears in between is either
 * seen, or said by the watch.
 */
static void watch_path(struct watch *w, const char *path)
{
    const char *name = path + 1;

    while (*name != '\0') {
        size_t len = strcspn(name, "/");
        bool last = name[len] == '\0';
        char *directory = name == path + 1 ? strdup("/") : strndup(path, (size_t)(name - path - 1));
        int wd;

        if (directory == NULL) {
            return;
        }
        wd = inotify_add_watch(w->fd, directory, last ? LAST_ONE : ON_THE_WAY);
        free(directory);
        if (wd >= 0) {
            add_name(w, wd, name, len, path);
        } else if (errno == ENOENT || errno == ENOTDIR) {
            return;
        } else if (errno != EACCES || last) { /* /home may be closed, and what is in it not */
            say_unwatched(w, path, strerror(errno));
        }
        name += len + strspn(name + len, "/");
    }
}

static void watch_target(struct watch *w, const char *path)
{
    struct stat status;
    char *target;

    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode)) {
        return;
    }
    target = realpath(path, NULL);
    if (target != NULL) {
        watch_path(w, target);
    }
    free(target);
}

void watch_paths(struct watch *w, const char *const *paths, size_t count)
{
    struct watched *old = w->watched;
    size_t old_count = w->count;

    if (w->fd < 0) {
        return;
    }
    w->watched = NULL;
    w->count = 0;
    w->cap = 0;
    for (size_t i = 0; i < count; i++) {
        watch_path(w, paths[i]);
        watch_target(w, paths[i]);
    }
    for (size_t i = 0; i < old_count; i++) {
        if (!is_watched(w->watched, w->count, old[i].wd, NULL)) {
            inotify_rm_watch(w->fd, old[i].wd); /* the second time it fails, harmlessly */
        }
        free(old[i].name);
    }
    free(old);
}

static bool matches(const char *name, const char *pattern)
{
    size_t len = strlen(name);
    size_t suffix = sizeof WATCH_SUFFIX - 2;

    if (strcmp(pattern, WATCH_ALL) == 0) {
        return true;
    }
    if (strcmp(pattern, WATCH_SUFFIX) != 0) {
        return strcmp(name, pattern) == 0;
    }
    return len >= suffix && strcmp(name + len - suffix, pattern + 1) == 0;
}

/* Events without a name are of a directory itself, or say that some were lost. */
static bool concerns_us(const struct watch *w, const struct inotify_event *event)
{
    if ((event->mask & IN_IGNORED) != 0) {
        return false; /* we have dropped the watch, or the event before said that it is gone */
    }
    if (event->len == 0) {
        return true;
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->watched[i].wd == event->wd && matches(event->name, w->watched[i].name)) {
            return true;
        }
    }
    return false;
}

void watch_notice(struct watch *w, uint64_t now)
{
    _Alignas(struct inotify_event) char bytes[4096];
    bool changed = false;
    ssize_t n = w->fd < 0 ? 0 : read(w->fd, bytes, sizeof bytes);

    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const void *)(bytes + at);

        changed = concerns_us(w, event) || changed;
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (changed) {
        w->first = w->first == 0 ? now : w->first;
        w->last = now;
    }
}

uint64_t watch_due(const struct watch *w)
{
    uint64_t quiet = w->last + WATCH_QUIET_MS;
    uint64_t late = w->first + WATCH_LATE_MS;

    if (w->first == 0) {
        return UINT64_MAX;
    }
    return quiet < late ? quiet : late;
}

void watch_seen(struct watch *w)
{
    w->first = 0;
}
