/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_FIELDS (1U + 1U + 4U + PROMPT_PATH_MAX + 4U) /* of a FILE, without its content */

void files_start(struct files *f)
{
    *f = (struct files){0};
    watch_start(&f->watch, "SIGHUP to the agent");
}

enum err files_want(struct files *f, struct view known_hosts)
{
    if (known_hosts.len >= sizeof f->name) {
        return ERR_TOO_BIG;
    }
    if (known_hosts.len > 0) {
        memcpy(f->name, known_hosts.data, known_hosts.len);
    }
    f->name_len = known_hosts.len;
    f->wanted = true;
    return OK;
}

void files_notice(struct files *f, uint64_t now)
{
    watch_notice(&f->watch, now);
}

uint64_t files_deadline(const struct files *f)
{
    return f->sending ? UINT64_MAX : watch_due(&f->watch);
}

/* Opens what is a file, or can become one by a link. *ret_missing: there is nothing of the name. */
static int open_file(const char *path, const char **ret_why, bool *ret_missing)
{
    struct stat status;
    /* O_NONBLOCK: a FIFO has no writer to wait for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    *ret_missing = false;
    if (fd < 0 && errno == ENOENT) {
        *ret_missing = lstat(path, &status) != 0;
        *ret_why = "is a link to nothing";
    } else if (fd < 0 && errno == ENOTDIR) {
        *ret_missing = true;
    } else if (fd < 0) {
        *ret_why = strerror(errno);
    } else if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        *ret_why = "is not a regular file";
        close(fd);
        fd = -1;
    }
    return fd;
}

/* All of a file, at most max bytes, to the writer; NULL or what is wrong. */
static const char *read_all(int fd, size_t max, struct wire_writer *w)
{
    uint8_t *at = w->data + w->len;
    size_t have = 0;

    while (have <= max) {
        ssize_t n = read(fd, at + have, max + 1 - have);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return strerror(errno);
        }
        if (n == 0) {
            w->len += have;
            return NULL;
        }
        have += (size_t)n;
    }
    return max == CONFIG_FILE_MAX ? "is larger than 64 KiB" : "is larger than 4 MiB";
}

/* `byte FILE, byte kind, string path, string content`; NULL or what is wrong. */
static const char *put_file(struct wire_writer *w, int fd, enum prompt_file kind, const char *path)
{
    const char *why;
    size_t length_at;

    put_u8(w, PROMPT_FILE);
    put_u8(w, (uint8_t)kind);
    put_text(w, path);
    length_at = w->len;
    put_u32(w, 0);
    why = read_all(fd, kind == PROMPT_FILE_POLICY ? CONFIG_FILE_MAX : KNOWN_HOSTS_MAX, w);
    store_u32(w->data + length_at, (uint32_t)(w->len - length_at - 4));
    return why;
}

static enum err send_file(struct files *f, struct channel *c, enum prompt_file kind,
                          const char *path)
{
    size_t max = kind == PROMPT_FILE_POLICY ? CONFIG_FILE_MAX : KNOWN_HOSTS_MAX;
    const char *why = NULL;
    bool missing;
    int fd = open_file(path, &why, &missing);
    struct wire_writer w;
    struct frame *frame = NULL;
    enum err err = OK;

    if (fd >= 0) {
        frame = frame_new(FILE_FIELDS + max + 1, &w); /* 1 more, to see that it is too large */
        err = frame == NULL ? ERR_NO_MEMORY : OK;
    }
    if (frame != NULL) {
        why = put_file(&w, fd, kind, path);
    }
    if (frame != NULL && why == NULL) {
        err = channel_queue(c, frame, &w);
        frame = NULL;
    }
    if (fd < 0 ? !missing : why != NULL) {
        file_list_problem(&f->list, kind, path, why);
    }
    free(frame);
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

/* The end of a round. */
static enum err send_end(const struct files *f, struct channel *c)
{
    struct wire_writer w;
    struct frame *frame = frame_new(16 + sizeof f->list.problems, &w);

    if (frame == NULL) {
        return ERR_NO_MEMORY;
    }
    put_u8(&w, PROMPT_FILES);
    put_text(&w, f->list.problems[0]);
    put_text(&w, f->list.problems[1]);
    return channel_queue(c, frame, &w);
}

/* Watches first, then lists and reads: what changes in between is sent once more. */
static void watch_list(struct files *f, const struct file_list *list)
{
    const char *paths[FILE_LIST_MAX + 1];
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        paths[count++] = list->files[i].path;
    }
    if (list->pattern != NULL) {
        paths[count++] = list->pattern;
    }
    watch_paths(&f->watch, paths, count);
}

static enum err begin_round(struct files *f)
{
    const struct view name = {f->name, f->name_len};
    struct file_list before;
    enum err err = file_list_make(name, &before);

    if (err != OK) {
        return err;
    }
    watch_list(f, &before);
    file_list_free(&before);
    err = file_list_make(name, &f->list);
    if (err == OK) {
        f->wanted = false;
        f->sending = true;
        f->next = 0;
        watch_seen(&f->watch);
    }
    return err;
}

enum err files_go_on(struct files *f, struct channel *c, uint64_t now)
{
    enum err err = OK;

    if (!f->sending && (f->wanted || files_deadline(f) <= now)) {
        err = begin_round(f);
    }
    while (f->sending && channel_is_idle(c) && err == OK) {
        if (f->next < f->list.count) {
            err = send_file(f, c, f->list.files[f->next].kind, f->list.files[f->next].path);
        } else {
            err = send_end(f, c);
        }
        if (err == OK && f->next++ == f->list.count) {
            f->sending = false;
            file_list_free(&f->list);
        }
        if (err == OK) {
            err = channel_flush(c); /* what is left waits for POLLOUT, and so does the next file */
        }
    }
    return err;
}
