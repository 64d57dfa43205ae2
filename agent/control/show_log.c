/* SPDX-License-Identifier: BSD-2-Clause */
#include "show_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lines.h"
#include "log.h"
#include "render.h"

struct viewer {
    const struct options *options;
    struct record record;
    unsigned unreadable; /* lines */
};

static void show_line(void *context, const char *line, size_t len)
{
    struct viewer *viewer = context;
    const char *qube = viewer->options->qube;

    if (line == NULL || record_parse(line, len, &viewer->record) != OK) {
        viewer->unreadable++;
        return;
    }
    if (qube != NULL && strcmp(qube, render_qube(&viewer->record)) != 0) {
        return;
    }
    if (viewer->options->json) {
        fwrite(line, 1, len, stdout);
        putchar('\n');
    } else {
        render(&viewer->record, stdout);
    }
}

/* Shows what is new in the file that is open. */
static enum err must_check show_new(struct viewer *viewer, struct lines *lines)
{
    if (lines->fd >= 0 && lines_read(lines, show_line, viewer) != OK) {
        log_line("cannot read the audit log: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    if (viewer->unreadable > 0) {
        log_line("left out %u lines that are not the agent's", viewer->unreadable);
        viewer->unreadable = 0;
    }
    return fflush(stdout) == 0 ? OK : ERR_SYSTEM;
}

/* -1 without a file; that is no error. */
static enum err must_check open_log(int directory, const char *name, int *ret_fd)
{
    int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno != ENOENT) {
        log_line("cannot open %s: %s", name, strerror(errno));
        return ERR_SYSTEM;
    }
    *ret_fd = fd;
    return OK;
}

static bool same_file(int a, int b)
{
    struct stat one;
    struct stat other;

    return a >= 0 && b >= 0 && fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* What was logged so far. The newer file is opened first: it may become the older one meanwhile. */
static enum err must_check show_all(struct viewer *viewer, int directory, struct lines *lines)
{
    int old = -1;
    enum err err = open_log(directory, AUDIT_FILE, &lines->fd);

    if (err == OK) {
        err = open_log(directory, AUDIT_OLD, &old);
    }
    if (err == OK && old >= 0 && !same_file(old, lines->fd)) {
        struct lines older = {.fd = old};

        err = show_new(viewer, &older);
    }
    if (old >= 0) {
        close(old);
    }
    return err == OK ? show_new(viewer, lines) : err;
}

/* Shows what is new; when the log has become another file, the rest of the one before comes first.
 */
static enum err must_check show_more(struct viewer *viewer, int directory, struct lines *lines)
{
    int fd = -1;
    enum err err = open_log(directory, AUDIT_FILE, &fd);

    if (err == OK) {
        err = show_new(viewer, lines);
    }
    if (err != OK || fd < 0 || same_file(fd, lines->fd)) {
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    if (lines->fd >= 0) {
        close(lines->fd);
    }
    *lines = (struct lines){.fd = fd};
    return show_new(viewer, lines);
}

/* Only returns after an error. The watch is older than what was shown so far: nothing is missed. */
static enum err must_check follow(struct viewer *viewer, int directory, int watch,
                                  struct lines *lines)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    enum err err;

    do {
        err = show_more(viewer, directory, lines);
    } while (err == OK && (read(watch, events, sizeof events) > 0 || errno == EINTR));
    if (err == OK) {
        log_line("cannot follow the audit log: %s", strerror(errno));
    }
    return ERR_SYSTEM;
}

static enum err must_check open_directory(int *ret_directory, char *path)
{
    enum err err = audit_log_directory(path);

    if (err != OK) {
        log_line("cannot find the audit log: set HOME to this user's directory");
        return err;
    }
    *ret_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_directory < 0) {
        log_line("no audit log: %s: %s%s", path, strerror(errno),
                 errno == ENOENT ? " (split-ssh-agent makes it)" : "");
        return ERR_SYSTEM;
    }
    return OK;
}

enum err show_log(const struct options *options)
{
    struct viewer viewer = {.options = options};
    struct lines lines = {.fd = -1};
    char path[PATH_MAX];
    int directory = -1;
    int watch = -1;
    enum err err = open_directory(&directory, path);

    if (err == OK && options->follow) {
        watch = inotify_init1(IN_CLOEXEC);
        if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
            log_line("cannot follow the audit log: %s", strerror(errno));
            err = ERR_SYSTEM;
        }
    }
    if (err == OK) {
        err = show_all(&viewer, directory, &lines);
    }
    if (err == OK && options->follow) {
        err = follow(&viewer, directory, watch, &lines);
    }
    if (watch >= 0) {
        close(watch);
    }
    if (lines.fd >= 0) {
        close(lines.fd);
    }
    if (directory >= 0) {
        close(directory);
    }
    return err;
}
