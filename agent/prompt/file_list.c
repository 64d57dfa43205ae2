/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "home.h"
#include "log.h"
#include "message.h"
#include "watch.h"

#define CONFIG_NAME "qubes-split-ssh"
#define SUFFIX      ".conf"

void file_list_problem(struct file_list *list, enum prompt_file kind, const char *path,
                       const char *why)
{
    char *room = list->problems[kind == PROMPT_FILE_POLICY ? 0 : 1];
    char clean[PROMPT_TEXT_MAX / 2];

    if (room[0] == '\0') {
        log_clean(clean, sizeof clean, path, strlen(path));
        snprintf(room, sizeof list->problems[0], "%s: %s", clean, why);
    }
}

void file_list_free(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->files[i].path);
    }
    free(list->pattern);
    *list = (struct file_list){0};
}

/* directory/name, where directory may be NULL: then there is nothing to add. */
static enum err add(struct file_list *list, enum prompt_file kind, const char *directory,
                    const char *name)
{
    char *path = NULL;

    if (directory == NULL) {
        return OK;
    }
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        return ERR_NO_MEMORY;
    }
    if (strlen(path) > PROMPT_PATH_MAX) {
        file_list_problem(list, kind, path, "the path is too long");
        free(path);
        return OK;
    }
    list->files[list->count].kind = kind;
    list->files[list->count++].path = path;
    return OK;
}

/* *ret is NULL if there is no home. */
static enum err config_directory(const char *home, char **ret)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    char *directory = NULL;
    int n = 0;

    if (config != NULL && config[0] == '/') {
        n = asprintf(&directory, "%s/" CONFIG_NAME, config);
    } else if (home != NULL) {
        n = asprintf(&directory, "%s/.config/" CONFIG_NAME, home);
    }
    if (n < 0) {
        return ERR_NO_MEMORY;
    }
    *ret = directory;
    return OK;
}

static int is_config(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > sizeof SUFFIX - 1 &&
           strcmp(entry->d_name + len - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum err add_configs(struct file_list *list, const char *directory)
{
    struct dirent **entries = NULL;
    int n = scandir(directory, &entries, is_config, by_bytes);
    enum err err = OK;

    if (n < 0 && errno == ENOMEM) {
        return ERR_NO_MEMORY;
    }
    if (n < 0 && errno != ENOENT) {
        file_list_problem(list, PROMPT_FILE_POLICY, directory, strerror(errno));
    }
    if (n > (int)CONFIG_FILES_MAX) {
        file_list_problem(list, PROMPT_FILE_POLICY, directory, "has more than 64 " SUFFIX " files");
    }
    for (int i = 0; i < n; i++) {
        if (i < (int)CONFIG_FILES_MAX && err == OK) {
            err = add(list, PROMPT_FILE_POLICY, directory, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return err;
}

/* The one that the agent names. */
static enum err add_named(struct file_list *list, const char *directory, struct view name)
{
    char text[PROMPT_PATH_MAX + 1] = "";

    log_clean(text, sizeof text, name.data, name.len);
    if (!known_hosts_name_ok(name)) {
        file_list_problem(list, PROMPT_FILE_KNOWN_HOSTS, text,
                          "is neither the name of a file beside the policy files nor a path "
                          "below /etc");
        return OK;
    }
    memcpy(text, name.data, name.len); /* a name need not be ASCII */
    if (text[0] == '/') {
        return add(list, PROMPT_FILE_KNOWN_HOSTS, "", text + 1);
    }
    return add(list, PROMPT_FILE_KNOWN_HOSTS, directory, text);
}

enum err file_list_make(struct view known_hosts, struct file_list *ret)
{
    struct file_list list = {0};
    const char *home = home_directory();
    char *directory = NULL;
    enum err err = config_directory(home, &directory);

    if (err == OK) {
        err = add(&list, PROMPT_FILE_POLICY, "/etc", CONFIG_NAME SUFFIX);
    }
    if (err == OK && directory != NULL) {
        if (asprintf(&list.pattern, "%s/" WATCH_SUFFIX, directory) < 0) {
            list.pattern = NULL;
            err = ERR_NO_MEMORY;
        } else {
            err = add_configs(&list, directory);
        }
    }
    if (err == OK) {
        err = add(&list, PROMPT_FILE_KNOWN_HOSTS, home, ".ssh/known_hosts");
    }
    if (err == OK) {
        err = add(&list, PROMPT_FILE_KNOWN_HOSTS, "/etc/ssh", "ssh_known_hosts");
    }
    if (err == OK && known_hosts.len > 0) {
        err = add_named(&list, directory, known_hosts);
    }
    free(directory);
    if (err != OK) {
        file_list_free(&list);
        return err;
    }
    *ret = list;
    return OK;
}
