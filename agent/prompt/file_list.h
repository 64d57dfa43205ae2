/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_FILE_LIST_H
#define PROMPT_FILE_LIST_H

#include "prompt_ipc.h"
#include "wire.h"

#define FILE_LIST_MAX (1U + CONFIG_FILES_MAX + 3U) /* /etc's policy, the user's; known_hosts */

/* The fixed list of what READ means. Strings are of the heap. */
struct file_list {
    size_t count;
    struct {
        enum prompt_file kind;
        char *path;
    } files[FILE_LIST_MAX];
    char *pattern; /* the user's policy files, for watch.h; NULL: there is no home */
    char problems[2][PROMPT_TEXT_MAX + 1]; /* policy, known_hosts: the first one; "": none */
};

/*
 * Lists, in the order in which they are sent: /etc/qubes-split-ssh.conf, the user's *.conf in the
 * order of their bytes, ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts, and the one that was asked
 * for. The user's directory is qubes-split-ssh below $XDG_CONFIG_HOME if that is absolute, else
 * below ~/.config; ~ is $HOME, or what the password file says. Files of fixed names are listed
 * whether they exist or not. The caller owns *ret: file_list_free(). ERR_NO_MEMORY.
 */
enum err must_check file_list_make(struct view known_hosts, struct file_list *ret);

void file_list_free(struct file_list *list);

/* Keeps "path: why" as the problem of its kind, unless there is one; why has no full stop. */
void file_list_problem(struct file_list *list, enum prompt_file kind, const char *path,
                       const char *why);

#endif
