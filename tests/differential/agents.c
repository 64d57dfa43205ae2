/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "differential.h"

/*
 * In the child, which the kernel ends with its parent; but a program that is set-group-ID, as
 * ssh-agent may be, would lose that when it starts: here it gets no new privileges.
 */
static void run_program(const char *program, char *const argv[], char *const environment[],
                        const char *log, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    int error = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        getppid() == parent && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
        dup2(error, STDERR_FILENO) >= 0 && close_range(STDERR_FILENO + 1, ~0U, 0) == 0) {
        execvpe(program, argv, environment);
    }
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Starts a program whose standard error goes to a file. */
static pid_t spawn_program(const char *program, char *const argv[], char *const environment[],
                           const char *log)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0) {
        die("fork: %s", strerror(errno));
    }
    if (pid == 0) {
        run_program(program, argv, environment, log, parent);
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

/* The directory goes, so what the program said is shown. */
static void die_with_log(const struct side *side, const char *what)
{
    char path[SOCKET_PATH_SIZE + 8];
    char line[512];
    FILE *file;

    snprintf(path, sizeof path, "%s.log", side->path);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        fputs(line, stderr);
    }
    die("%s %s", side->program, what);
}

void side_start(struct side *side, const char *program, const char *directory,
                unsigned askpass_exit)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    const char *name = strrchr(program, '/');
    int fd = -1;

    *side = (struct side){.program = program};
    if (snprintf(side->path, sizeof side->path, "%s/%s", directory,
                 name != NULL ? name + 1 : program) >= (int)sizeof side->path) {
        die("%s is too long for a socket: set TMPDIR to a shorter one", directory);
    }
    for (unsigned i = 0; i <= CONNECTIONS; i++) {
        side->fds[i] = -1;
    }
    unlink(side->path);
    spawn(side, directory, askpass_exit);
    for (unsigned i = 0; i < PATIENCE_S * 500 && fd < 0; i++) {
        fd = side_connect(side->path);
        if (fd < 0 && waitpid(side->pid, NULL, WNOHANG) == side->pid) {
            die_with_log(side, "does not start");
        }
        if (fd < 0) {
            nanosleep(&pause, NULL);
        }
    }
    if (fd < 0) {
        die_with_log(side, "does not listen");
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
