/* SPDX-License-Identifier: BSD-2-Clause */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"
#include "report.h"

#ifndef SPLIT_SSH_LIBEXECDIR
#error "the directory of the helpers is compiled in"
#endif

static int set_actions(posix_spawn_file_actions_t *actions, int fd)
{
    int error = posix_spawn_file_actions_adddup2(actions, fd, IPC_FD);

    if (error == 0) {
        error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addclosefrom_np(actions, IPC_FD + 1);
    }
    return error;
}

/* The helper starts with no signal blocked and none ignored. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int run(const char *path, char *const argv[], int fd, pid_t *ret_pid)
{
    static char *const empty_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    error = set_actions(&actions, fd);
    if (error == 0) {
        error = set_attributes(&attributes);
    }
    if (error == 0) {
        error = posix_spawn(ret_pid, path, &actions, &attributes, argv, empty_environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

enum err spawn_helper(const char *name, bool foreground, int *ret_fd, pid_t *ret_pid)
{
    char path[sizeof SPLIT_SSH_LIBEXECDIR + 64];
    char flag[] = "-f";
    char *argv[] = {path, foreground ? flag : NULL, NULL};
    int sockets[2];
    int error;

    snprintf(path, sizeof path, "%s/%s", SPLIT_SSH_LIBEXECDIR, name);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        report("cannot make a socket for %s: %s", name, strerror(errno));
        return ERR_SYSTEM;
    }
    error = run(path, argv, sockets[1], ret_pid);
    close(sockets[1]);
    if (error != 0) {
        report("cannot run %s: %s (is split-ssh installed where it was built for?)", path,
               strerror(error));
        close(sockets[0]);
        return ERR_SYSTEM;
    }
    *ret_fd = sockets[0];
    return OK;
}
