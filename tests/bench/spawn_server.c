/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-spawn-server SOCKET PROGRAM [ARGUMENT...]: the least that a relay has to do. Starts the
 * program for each connection, with the connection as its stdin and stdout.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, SOMAXCONN) != 0) {
        return -1;
    }
    return fd;
}

static void serve(int fd, char **argv)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return;
    }
    if (posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) != 0 ||
        posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0) {
        fprintf(stderr, "bench-spawn-server: cannot start %s\n", argv[0]);
    }
    posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv)
{
    int listener;

    if (argc < 3) {
        fputs("usage: bench-spawn-server SOCKET PROGRAM [ARGUMENT...]\n", stderr);
        return 64;
    }
    signal(SIGCHLD, SIG_IGN); /* the kernel reaps */
    listener = listen_at(argv[1]);
    if (listener < 0) {
        perror(argv[1]);
        return 1;
    }
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            serve(fd, argv + 2);
            close(fd);
        }
    }
}
