/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_scan.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TOO_MANY  "there are more than 4096 files in all: those that come later are left out"
#define NOT_NAMED "is no agent's: a name has letters, digits, _ . and -, and at most 63 of them"
#define RESERVED  "is no agent's: the name is that of a socket of split-ssh"

static_assert(KEY_FILES_MAX == 4096 && AGENT_NAME_MAX == 63, "the texts say so");

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool agent_name_ok(struct view name)
{
    if (name.len == 0 || name.len > AGENT_NAME_MAX || !is_letter_or_digit(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.len; i++) {
        uint8_t c = name.data[i];

        if (!is_letter_or_digit(c) && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return true;
}

/* Room for one more in an array of elements of this size; NULL: no memory. */
static void *room_for(void *array, size_t *cap, size_t count, size_t size)
{
    size_t more = *cap == 0 ? 32 : 2 * *cap;
    void *grown;

    if (count < *cap) {
        return array;
    }
    grown = reallocarray(array, more, size);
    *cap = grown == NULL ? *cap : more;
    return grown;
}

/* Takes over path, which may be NULL for no memory. */
static enum err add_entry(struct key_listing *l, unsigned agent, char *path, const char *problem)
{
    struct key_entry *grown =
        path == NULL ? NULL : room_for(l->entries, &l->cap, l->count, sizeof *l->entries);

    if (grown == NULL) {
        free(path);
        return ERR_NO_MEMORY;
    }
    l->entries = grown;
    l->entries[l->count++] = (struct key_entry){agent, path, problem};
    return OK;
}

/* Takes over text, which may be NULL for no memory. */
static enum err add_text(char ***list, size_t *count, size_t *cap, char *text)
{
    char **grown = text == NULL ? NULL : room_for((void *)*list, cap, *count, sizeof **list);

    if (grown == NULL) {
        free(text);
        return ERR_NO_MEMORY;
    }
    *list = grown;
    grown[(*count)++] = text;
    return OK;
}

static char *join(const char *directory, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

enum err key_scan_problem(struct key_listing *l, unsigned agent, const char *path,
                          const char *problem)
{
    return add_entry(l, agent, strdup(path), problem);
}

/* A missing directory is none, and not a problem. */
static enum err open_directory(struct key_listing *l, const char *path, unsigned agent, DIR **ret)
{
    *ret = opendir(path);
    if (*ret != NULL || errno == ENOENT) {
        return OK;
    }
    if (errno == ENOMEM) {
        return ERR_NO_MEMORY;
    }
    l->cut = true; /* what was there is not known to be gone */
    return key_scan_problem(l, agent, path, strerrordesc_np(errno));
}

/* What an entry is, a link being what it points to: S_IFMT, or 0 for a link to nothing. */
static mode_t type_of(int directory, const struct dirent *entry)
{
    struct stat status;

    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) {
        return (mode_t)DTTOIF(entry->d_type);
    }
    if (fstatat(directory, entry->d_name, &status, 0) == 0) {
        return status.st_mode & S_IFMT;
    }
    return errno == ENOENT ? 0 : S_IFREG; /* whoever opens it will say why it cannot be */
}

static bool is_link(int directory, const struct dirent *entry)
{
    struct stat status;

    return entry->d_type == DT_LNK ||
           (entry->d_type == DT_UNKNOWN &&
            fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(status.st_mode));
}

static enum err take_agent(struct key_listing *l, const char *root, const char *name)
{
    const char *problem = NULL;

    if (l->agents_count + l->count >= KEY_FILES_MAX) {
        l->cut = true; /* far beyond AGENTS_MAX, which is somebody else's to say */
        return OK;
    }
    if (!agent_name_ok((struct view){(const uint8_t *)name, strlen(name)})) {
        problem = NOT_NAMED;
    } else if (strcmp(name, "agent") == 0 || strcmp(name, "qrexec") == 0) {
        problem = RESERVED;
    }
    return problem == NULL ? add_text(&l->agents, &l->agents_count, &l->agents_cap, strdup(name))
                           : add_entry(l, 0, join(root, name), problem);
}

enum err key_scan_agents(struct key_listing *l, const char *root, const char *only)
{
    const struct dirent *entry;
    enum err err = OK;
    DIR *directory;

    err = open_directory(l, root, 0, &directory);
    while (directory != NULL && err == OK && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && (only == NULL || strcmp(entry->d_name, only) == 0) &&
            type_of(dirfd(directory), entry) == S_IFDIR) {
            err = take_agent(l, root, entry->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return err;
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t len = strlen(name);

    return len > strlen(suffix) && strcmp(name + len - strlen(suffix), suffix) == 0;
}

static enum err take_file(struct key_listing *l, const char *path, int directory, unsigned agent,
                          const struct dirent *entry)
{
    bool beside =
        ends_in(entry->d_name, KEY_SUFFIX_PUBLIC) || ends_in(entry->d_name, KEY_SUFFIX_OPTIONS);
    mode_t type = type_of(directory, entry);
    enum err err = OK;

    if (is_link(directory, entry) && l->links_count < KEY_FILES_MAX) {
        err = add_text(&l->links, &l->links_count, &l->links_cap, join(path, entry->d_name));
    }
    if (err != OK || beside || (type != S_IFREG && type != 0)) {
        return err;
    }
    if (l->count >= KEY_FILES_MAX) {
        if (!l->cut) {
            err = key_scan_problem(l, 0, path, TOO_MANY);
        }
        l->cut = true;
        return err;
    }
    return add_entry(l, agent, join(path, entry->d_name),
                     type == 0 ? "is a link to nothing" : NULL);
}

enum err key_scan_files(struct key_listing *l, const char *directory, unsigned agent)
{
    const struct dirent *entry;
    enum err err = OK;
    DIR *open;

    err = open_directory(l, directory, agent, &open);
    while (open != NULL && err == OK && (entry = readdir(open)) != NULL) {
        if (entry->d_name[0] != '.') {
            err = take_file(l, directory, dirfd(open), agent, entry);
        }
    }
    if (open != NULL) {
        closedir(open);
    }
    return err;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct key_entry *)a)->path, ((const struct key_entry *)b)->path);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void key_scan_sort(struct key_listing *l)
{
    if (l->count > 0) {
        qsort(l->entries, l->count, sizeof *l->entries, by_path);
    }
    if (l->agents_count > 0) {
        qsort((void *)l->agents, l->agents_count, sizeof *l->agents, by_text);
    }
}

static void free_texts(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free((void *)list);
}

void key_scan_free(struct key_listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->entries[i].path);
    }
    free(l->entries);
    free_texts(l->agents, l->agents_count);
    free_texts(l->links, l->links_count);
    *l = (struct key_listing){0};
}
