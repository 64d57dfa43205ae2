/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "differential.h"

static char directory[SOCKET_PATH_SIZE]; /* "": none */

/* fork() and exec() are what a signal handler may use; nftw() is not. */
void directory_remove(void)
{
    pid_t pid;

    if (directory[0] == '\0') {
        return;
    }
    pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", directory, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    directory[0] = '\0';
}

/* The signal comes again as soon as this returns, and ends the program. */
static void remove_and_end(int number)
{
    directory_remove();
    raise(number);
}

const char *directory_make(void)
{
    const struct sigaction action = {.sa_handler = remove_and_end, .sa_flags = (int)SA_RESETHAND};
    const char *parent = getenv("TMPDIR");
    char template[SOCKET_PATH_SIZE];

    if (parent == NULL || parent[0] != '/') {
        parent = "/tmp";
    }
    if (snprintf(template, sizeof template, "%s/differential-XXXXXX", parent) >=
        (int)sizeof template) {
        die("%s is too long for a socket: set TMPDIR to a shorter one", parent);
    }
    if (mkdtemp(template) == NULL) {
        die("%s: %s", template, strerror(errno));
    }
    memcpy(directory, template, sizeof template);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return directory;
}
