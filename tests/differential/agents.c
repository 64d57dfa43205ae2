/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "differential.h"

/* Starts a program whose standard error goes to a file. */
static pid_t spawn_program(const char *program, char *const argv[], char *const environment[],
                           const char *log)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    error = posix_spawnp(&pid, program, &actions, NULL, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        die("%s: %s", program, strerror(error));
    }
    return pid;
}

unsigned openssh_version(const char *directory)
{
    static const char start[] = "OpenSSH_";
    char *const argv[] = {"ssh", "-V", NULL};
    char *const environment[] = {NULL};
    char path[128];
    char text[128] = "";
    char *dot = NULL;
    unsigned long major;
    FILE *file;

    snprintf(path, sizeof path, "%s/version", directory);
    waitpid(spawn_program(argv[0], argv, environment, path), NULL, 0);
    file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL ||
        strncmp(text, start, strlen(start)) != 0) {
        die("ssh -V does not say which OpenSSH this is");
    }
    fclose(file);
    major = strtoul(text + strlen(start), &dot, 10);
    return (unsigned)(major * 100 + (*dot == '.' ? strtoul(dot + 1, NULL, 10) : 0));
}

/* Everything that the agents look at is here or below the directory: no session, no files. */
static void spawn(struct side *side, const char *directory, unsigned askpass_exit)
{
    static char *const askpass[] = {"SSH_ASKPASS=/bin/true", "SSH_ASKPASS=/bin/false"};
    char home[128];
    char log[128];
    char *const argv[] = {(char *)side->program, "-D", "-a", side->path, NULL};
    char *const environment[] = {home, "PATH=/usr/bin:/bin", askpass[askpass_exit],
                                 "SSH_ASKPASS_REQUIRE=force", NULL};

    snprintf(home, sizeof home, "HOME=%s", directory);
    snprintf(log, sizeof log, "%s.log", side->path);
    side->pid = spawn_program(side->program, argv, environment, log);
}

void side_start(struct side *side, const char *program, const char *directory,
                unsigned askpass_exit)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    const char *name = strrchr(program, '/');
    int fd = -1;

    *side = (struct side){.program = program};
    snprintf(side->path, sizeof side->path, "%s/%s", directory, name != NULL ? name + 1 : program);
    for (unsigned i = 0; i <= CONNECTIONS; i++) {
        side->fds[i] = -1;
    }
    unlink(side->path);
    spawn(side, directory, askpass_exit);
    for (unsigned i = 0; i < PATIENCE_S * 500 && fd < 0; i++) {
        fd = side_connect(side->path);
        if (fd < 0 && waitpid(side->pid, NULL, WNOHANG) == side->pid) {
            die("%s does not start; %s.log says why", program, side->path);
        }
        if (fd < 0) {
            nanosleep(&pause, NULL);
        }
    }
    if (fd < 0) {
        die("%s does not listen on %s", program, side->path);
    }
    close(fd);
}

bool side_stop(struct side *side)
{
    int status = 0;
    bool lived;

    for (unsigned i = 0; i <= CONNECTIONS; i++) {
        side_close(side, i);
    }
    lived = waitpid(side->pid, &status, WNOHANG) == 0;
    if (lived) {
        kill(side->pid, SIGTERM);
        waitpid(side->pid, &status, 0);
    }
    side->pid = 0;
    unlink(side->path);
    return lived && ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                     (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
}
