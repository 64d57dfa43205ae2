/* SPDX-License-Identifier: BSD-2-Clause */
#include "add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"
#include "unix_socket.h"

#define WITH_VALUE "EehHMmSst" /* options of ssh-add(1) that have one */

/* The default agent's is the socket itself; NAME.sock stands beside it. */
static enum err find_socket(const char *socket, const char *agent, char ret[UNIX_PATH_MAX])
{
    char directory[UNIX_PATH_MAX];
    int n;

    if (strlen(socket) >= sizeof directory) {
        log_line("%s: the path is longer than that of a socket can be", socket);
        return ERR_TOO_BIG;
    }
    unix_directory(socket, directory);
    n = strcmp(agent, "default") == 0
            ? snprintf(ret, UNIX_PATH_MAX, "%s", socket)
            : snprintf(ret, UNIX_PATH_MAX, "%s/%s.sock", directory, agent);
    if (n < 0 || (size_t)n >= UNIX_PATH_MAX) {
        log_line("%s/%s.sock: the path is longer than that of a socket can be", directory, agent);
        return ERR_TOO_BIG;
    }
    return OK;
}

/* Does the option's value stand in the next word? */
static bool takes_next(const char *word)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        if (strchr(WITH_VALUE, *at) != NULL) {
            return at[1] == '\0';
        }
    }
    return false;
}

/*
 * The options to the front, in their order: ssh-add takes one that stands behind a file for a file,
 * and adds the key without it.
 */
static void options_first(char **words)
{
    size_t front = 0;
    size_t taken;

    for (size_t at = 0; words[at] != NULL && strcmp(words[at], "--") != 0; at += taken) {
        taken = 1;
        if (words[at][0] != '-' || words[at][1] == '\0') {
            continue;
        }
        taken += takes_next(words[at]) && words[at + 1] != NULL ? 1 : 0;
        for (size_t i = 0; i < taken; i++) {
            char *word = words[at + i];

            memmove((void *)&words[front + 1], (void *)&words[front],
                    (at + i - front) * sizeof *words);
            words[front++] = word;
        }
    }
}

static void no_agent(const char *agent, const char *path)
{
    if (strcmp(agent, "default") == 0) {
        log_line("no agent listens on %s (split-ssh check says why)", path);
    } else {
        log_line("there is no agent %s at %s (mkdir -p -m 700 ~/.ssh/identities.d/%s makes one)",
                 agent, path, agent);
    }
}

enum err add(const struct options *options)
{
    char program[] = "ssh-add";
    char path[UNIX_PATH_MAX];
    struct stat status;
    enum err err;

    err = find_socket(connection_path(options->socket), options->agent, path);
    if (err != OK) {
        return err;
    }
    if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        no_agent(options->agent, path);
        return ERR_NOT_FOUND;
    }
    options_first(options->ssh_add);
    if (setenv("SSH_AUTH_SOCK", path, 1) == 0) {
        options->ssh_add[-1] = program; /* in the place of the agent's name */
        execvp(program, options->ssh_add - 1);
    }
    log_line("cannot run ssh-add: %s", strerror(errno));
    return ERR_SYSTEM;
}
