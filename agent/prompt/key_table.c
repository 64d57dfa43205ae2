/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "prompt_ipc.h"

static void mark_file(const char *path, const char *suffix, struct file_mark *ret)
{
    char name[PROMPT_PATH_MAX + sizeof KEY_SUFFIX_OPTIONS];
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    struct stat status;

    *ret = (struct file_mark){.there = false};
    /* A link to nothing is something, too. */
    if (n > 0 && (size_t)n < sizeof name &&
        (stat(name, &status) == 0 || lstat(name, &status) == 0)) {
        *ret = (struct file_mark){true,           status.st_dev,  status.st_ino,
                                  status.st_size, status.st_mtim, status.st_ctim};
    }
}

static void mark_files(const char *path, struct file_mark ret[4])
{
    mark_file(path, "", &ret[0]);
    mark_file(path, KEY_SUFFIX_PUBLIC, &ret[1]);
    mark_file(path, KEY_SUFFIX_CERTIFICATE, &ret[2]);
    mark_file(path, KEY_SUFFIX_OPTIONS, &ret[3]);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_files(const struct file_mark a[4], const struct file_mark b[4])
{
    for (size_t i = 0; i < 4; i++) {
        if (a[i].there != b[i].there || a[i].dev != b[i].dev || a[i].ino != b[i].ino ||
            a[i].size != b[i].size || !same_time(a[i].written, b[i].written) ||
            !same_time(a[i].changed, b[i].changed)) {
            return false;
        }
    }
    return true;
}

static struct known_key new_key(struct key_entry *entry)
{
    struct known_key key = {
        .agent = entry->agent, .path = entry->path, .problem = entry->problem, .due = true};

    entry->path = NULL;
    mark_files(key.path, key.mark);
    return key;
}

/* The marks are taken before the file is read, so that a change in between shows the next time. */
static void look_again(struct known_key *key, const struct key_entry *entry)
{
    struct file_mark now[4];

    mark_files(key->path, now);
    if (key->problem != entry->problem || !same_files(key->mark, now)) {
        key->due = true;
    }
    key->gone = false;
    key->agent = entry->agent;
    key->problem = entry->problem;
    memcpy(key->mark, now, sizeof now);
}

/* A directory that cannot be read may be listed twice. */
static size_t next_entry(const struct key_listing *l, size_t i)
{
    size_t next = i + 1;

    while (next < l->count && strcmp(l->entries[next].path, l->entries[i].path) == 0) {
        next++;
    }
    return next;
}

enum err key_table_update(struct key_table *t, struct key_listing *l)
{
    struct known_key *merged = calloc(t->count + l->count + 1, sizeof *merged);
    size_t count = 0;
    size_t k = 0;
    size_t i = 0;

    if (merged == NULL) {
        return ERR_NO_MEMORY;
    }
    while (k < t->count || i < l->count) {
        int order = k == t->count   ? 1
                    : i == l->count ? -1
                                    : strcmp(t->keys[k].path, l->entries[i].path);
        size_t next = order < 0 ? i : next_entry(l, i);

        if (order > 0) {
            merged[count++] = new_key(&l->entries[i]);
        } else {
            merged[count++] = t->keys[k++];
        }
        if (order == 0) {
            look_again(&merged[count - 1], &l->entries[i]);
        } else if (order < 0 && !l->cut) {
            merged[count - 1].gone = true;
        }
        i = next;
    }
    free(t->keys);
    t->keys = merged;
    t->count = count;
    key_scan_free(l);
    return OK;
}

void key_table_renew(struct key_table *t, unsigned agent)
{
    for (size_t i = 0; i < t->count; i++) {
        struct known_key *key = &t->keys[i];

        if (key->agent == agent) {
            key->due = !key->gone;
            key->sent = key->sent && !key->gone;
        }
    }
}

void key_table_sweep(struct key_table *t)
{
    size_t left = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (t->keys[i].gone) {
            free(t->keys[i].path);
        } else {
            t->keys[left++] = t->keys[i];
        }
    }
    t->count = left;
}
