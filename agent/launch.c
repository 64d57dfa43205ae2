/* SPDX-License-Identifier: BSD-2-Clause */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

#define SOCKET_NAME "SSH_AUTH_SOCK"
#define PID_NAME    "SSH_AGENT_PID"

static void print_variable(enum shell shell, const char *name, const char *value)
{
    if (shell == SHELL_CSH) {
        printf("setenv %s %s;\n", name, value);
    } else {
        printf("%s=%s; export %s;\n", name, value, name);
    }
}

/* ssh-agent's output to the byte: programs split it at the semicolons. */
static int print_environment(const struct options *options, const char *socket, long pid)
{
    char number[32];

    snprintf(number, sizeof number, "%ld", pid);
    print_variable(options->shell, SOCKET_NAME, socket);
    if (options->mode != RUN_FOREGROUND) {
        print_variable(options->shell, PID_NAME, number);
    }
    printf("echo Agent pid %ld;\n", pid);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The parent becomes the command, so that its exit status is the command's and nothing between. */
static int run_command(char **command, const char *socket, long pid)
{
    char number[32];

    snprintf(number, sizeof number, "%ld", pid);
    if (setenv(SOCKET_NAME, socket, 1) != 0 || setenv(PID_NAME, number, 1) != 0) {
        report("cannot set the environment: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    execvp(command[0], command);
    report("%s: %s", command[0], strerror(errno));
    return EXIT_FAILURE;
}

static int parent(const struct options *options, const char *socket, pid_t child, int ready_fd)
{
    char byte;
    ssize_t n;
    int status;

    do {
        n = read(ready_fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    close(ready_fd);
    if (n != 1) {
        waitpid(child, NULL, 0); /* it has said why */
        return EXIT_FAILURE;
    }
    if (options->mode == RUN_COMMAND) {
        status = run_command(options->command, socket, child);
    } else {
        status = print_environment(options, socket, child);
    }
    if (status != EXIT_SUCCESS) { /* nobody knows of this agent */
        kill(child, SIGTERM);
        waitpid(child, NULL, 0);
    }
    return status;
}

/* A relative path is needed at the end once more, to remove the socket. */
static bool is_absolute(const char *path)
{
    return path == NULL || path[0] == '/';
}

static bool child(const struct options *options, pid_t parent_pid, struct launch *launch)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || setsid() < 0) {
        report("cannot go to the background: %s", strerror(errno));
        return false;
    }
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    launch->null_fd = null;
    if (is_absolute(options->socket) && is_absolute(options->qrexec_socket) && chdir("/") != 0) {
        report("cannot go to the root directory: %s", strerror(errno));
        return false;
    }
    report_open_syslog();
    if (options->mode == RUN_COMMAND) {
        launch->parent_fd = pidfd_open(parent_pid, 0);
        if (launch->parent_fd < 0 || getppid() != parent_pid) {
            report("the command is gone before it was started");
            return false;
        }
    }
    return true;
}

bool launch(const struct options *options, const char *socket, struct launch *ret, int *ret_status)
{
    struct launch result = {.ready_fd = -1, .null_fd = -1, .parent_fd = -1};
    pid_t parent_pid = getpid();
    pid_t pid;
    int pipe_fds[2];

    *ret_status = EXIT_FAILURE;
    if (options->mode == RUN_FOREGROUND) {
        *ret = result;
        /* Not ours to print where systemd made the socket. */
        return socket[0] == '\0' || print_environment(options, socket, parent_pid) == EXIT_SUCCESS;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        report("cannot make a pipe: %s", strerror(errno));
        return false;
    }
    pid = fork();
    if (pid < 0) {
        report("cannot fork: %s", strerror(errno));
        return false;
    }
    if (pid > 0) {
        close(pipe_fds[1]);
        *ret_status = parent(options, socket, pid, pipe_fds[0]);
        return false;
    }
    close(pipe_fds[0]);
    result.ready_fd = pipe_fds[1];
    *ret = result;
    return child(options, parent_pid, ret);
}

void launch_ready(struct launch *launch)
{
    ssize_t ignored;

    if (launch->ready_fd < 0) {
        return;
    }
    report_to_syslog();
    dup2(launch->null_fd, STDERR_FILENO);
    close(launch->null_fd);
    ignored = write(launch->ready_fd, "r", 1);
    (void)ignored; /* a parent that is gone is found out by parent_fd, or does not matter */
    close(launch->ready_fd);
    launch->ready_fd = -1;
}

int launch_kill(const struct options *options)
{
    const char *text = getenv(PID_NAME);
    char *end;
    long pid;

    if (text == NULL) {
        report("%s is not set, so there is no agent to end", PID_NAME);
        return EXIT_FAILURE;
    }
    errno = 0;
    pid = strtol(text, &end, 10);
    if (errno != 0 || *text == '\0' || *end != '\0' || pid < 1 || pid > INT32_MAX) {
        report("%s=\"%s\" is not the number of a process", PID_NAME, text);
        return EXIT_FAILURE;
    }
    if (kill((pid_t)pid, SIGTERM) != 0) {
        report("cannot end process %ld: %s", pid, strerror(errno));
        return EXIT_FAILURE;
    }
    if (options->shell == SHELL_CSH) {
        printf("unsetenv %s;\nunsetenv %s;\n", SOCKET_NAME, PID_NAME);
    } else {
        printf("unset %s;\nunset %s;\n", SOCKET_NAME, PID_NAME);
    }
    printf("echo Agent pid %ld killed;\n", pid);
    return EXIT_SUCCESS;
}
