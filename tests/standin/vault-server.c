/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vault's end for tests of the relay alone: takes qrexec's descriptor from the front of each
 * connection, appends it to a file as one line, and joins the rest to an ssh-agent's socket.
 *
 *   vault-server SOCKET AGENT-SOCKET LOGFILE
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "limits.h"
#include "shuttle.h"

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "vault-server: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static struct sockaddr_un address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    memcpy(address.sun_path, path, strlen(path));
    return address;
}

/* One byte at a time, because what follows the NUL is the agent's. Returns the length. */
static size_t read_descriptor(int fd, char *ret_descriptor)
{
    for (size_t n = 0; n <= DESCRIPTOR_MAX; n++) {
        if (read(fd, &ret_descriptor[n], 1) != 1) {
            fail("no descriptor");
        }
        if (ret_descriptor[n] == '\0') {
            return n;
        }
    }
    errno = EMSGSIZE;
    fail("descriptor");
}

static _Noreturn void serve(int client, const char *agent_path, const char *log_path)
{
    const struct sockaddr_un agent_address = address(agent_path);
    char descriptor[DESCRIPTOR_MAX + 2U];
    size_t len = read_descriptor(client, descriptor);
    int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    descriptor[len] = '\n';
    if (log < 0 || write(log, descriptor, len + 1U) != (ssize_t)(len + 1U)) {
        fail(log_path);
    }
    if (connect(agent, (const struct sockaddr *)&agent_address, sizeof agent_address) != 0) {
        fail(agent_path);
    }
    if (!shuttle((struct end){client, client}, (struct end){agent, agent})) {
        fail("poll");
    }
    exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    struct sockaddr_un own;
    int listener;

    if (argc != 4) {
        fputs("usage: vault-server SOCKET AGENT-SOCKET LOGFILE\n", stderr);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    own = address(argv[1]);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&own, sizeof own) != 0 ||
        listen(listener, LISTEN_BACKLOG) != 0) {
        fail(argv[1]);
    }
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pid_t pid = client < 0 ? -1 : fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            close(listener);
            serve(client, argv[2], argv[3]);
        }
        if (pid < 0 && errno != EINTR) {
            fail("accept");
        }
        close(client);
    }
}
