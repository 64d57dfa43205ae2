/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "environment.h"
#include "limits.h"
#include "log.h"

#define ENDING_MS    500 /* for an askpass program that was told to end */
#define EXEC_FAILED  127
#define QUESTION_MAX (2U * CHILD_INPUT_MAX + 128U)

/* Debian, Fedora, Arch, SUSE; a distribution's own choice comes first. */
static const char *const usual[] = {
    "/usr/bin/ssh-askpass",
    "/usr/libexec/openssh/ssh-askpass",
    "/usr/lib/ssh/ssh-askpass",
    "/usr/lib/openssh/gnome-ssh-askpass",
    "/usr/libexec/openssh/gnome-ssh-askpass",
    "/usr/lib/ssh/gnome-ssh-askpass3",
    "/usr/libexec/ssh/gnome-ssh-askpass",
    "/usr/bin/ksshaskpass",
    "/usr/bin/lxqt-openssh-askpass",
    "/usr/lib/ssh/x11-ssh-askpass",
    "/usr/libexec/openssh/x11-ssh-askpass",
    "/usr/libexec/ssh/x11-ssh-askpass",
};

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0';
}

static bool require_is(const char *word)
{
    const char *value = getenv("SSH_ASKPASS_REQUIRE");

    return value != NULL && strcmp(value, word) == 0;
}

/* The program to run, or NULL. What the two variables mean: ssh(1), ENVIRONMENT. */
static const char *find_program(void)
{
    const char *own = is_set("SSH_ASKPASS") ? getenv("SSH_ASKPASS") : NULL;
    bool display = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");

    if (require_is("never") || (!display && (own == NULL || !require_is("force")))) {
        return NULL;
    }
    if (own != NULL) {
        if (own[0] == '/' && access(own, X_OK) == 0) {
            return own;
        }
        log_line("SSH_ASKPASS is not the full path of a program: %.200s (another one is taken)",
                 own);
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (access(usual[i], X_OK) == 0) {
            return usual[i];
        }
    }
    return NULL;
}

/*
 * The first line is ours: no text of others can be an option of the program, or make a Qt dialog
 * guess that all of it is HTML, which it does by the first line.
 */
static void compose(const struct dialog *dialog, char ret[QUESTION_MAX])
{
    snprintf(ret, QUESTION_MAX, "split-ssh asks:\n\n%s\n\n%s%sAllow this once?", dialog->title,
             dialog->body, dialog->body[0] == '\0' ? "" : "\n\n");
}

/* In the new process: only what exec needs, since another thread of ours may have held a lock. */
static _Noreturn void become(const char *program, char *const argv[], char *const environment[],
                             int out, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && null >= 0 &&
        dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        execve(program, argv, environment);
    }
    _exit(EXEC_FAILED);
}

static enum err start(const char *program, const struct dialog *dialog, int out, pid_t *ret_pid)
{
    char question[QUESTION_MAX];
    char name[] = "ssh-askpass";
    char *argv[] = {name, question, NULL};
    char *environment[ENVIRONMENT_MAX];
    pid_t self = getpid();
    pid_t pid;

    compose(dialog, question);
    environment_clean(environ, environment);
    if (getpgrp() != self && setpgid(0, 0) != 0) {
        log_line("cannot make a process group: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    pid = fork();
    if (pid == 0) {
        become(program, argv, environment, out, self);
    }
    if (pid < 0) {
        log_line("cannot start %.200s: %s", program, strerror(errno));
        return ERR_SYSTEM;
    }
    *ret_pid = pid;
    return OK;
}

/* Whether it ended, was withdrawn, or had no more time. */
static enum dialog_answer wait_for(int process, uint64_t deadline, int withdrawn)
{
    struct pollfd fds[] = {{.fd = withdrawn, .events = POLLIN}, {.fd = process, .events = POLLIN}};
    uint64_t now;

    while (process >= 0 && (now = boottime_ms()) < deadline) {
        uint64_t left = deadline - now;

        if (poll(fds, 2, left < INT_MAX ? (int)left : INT_MAX) <= 0) {
            continue;
        }
        return fds[0].revents != 0 ? DIALOG_WITHDRAWN : DIALOG_ONCE;
    }
    return DIALOG_TIMEOUT;
}

/* Ends our whole group but ourselves, who have SIGTERM blocked; reaps the program. */
static int end(int process, pid_t pid)
{
    struct pollfd fds = {.fd = process, .events = POLLIN};
    int status = 0;

    kill(0, SIGTERM);
    if (poll(&fds, 1, ENDING_MS) != 1) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static bool says_yes(int out)
{
    char text[8] = "";
    ssize_t n = read(out, text, sizeof text - 1);
    bool yes = n < 0 || text[0] == '\0' || text[0] == '\n' || strcasecmp(text, "yes") == 0 ||
               strcasecmp(text, "yes\n") == 0;

    explicit_bzero(text, sizeof text);
    if (!yes) {
        log_line("the askpass program printed something else than \"yes\", which is a no");
    }
    return yes;
}

static enum err judge(const char *program, int status, int out, enum dialog_answer *ret)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED) {
        log_line("%.200s cannot be run", program);
        return ERR_SYSTEM;
    }
    if (!WIFEXITED(status)) {
        log_line("%.200s crashed (signal %d)", program, WTERMSIG(status));
        return ERR_SYSTEM;
    }
    *ret = WEXITSTATUS(status) == 0 && says_yes(out) ? DIALOG_ONCE : DIALOG_DENY;
    return OK;
}

enum err askpass_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                     enum dialog_answer *ret)
{
    const char *program = find_program();
    enum dialog_answer answer;
    int process = -1;
    int out[2] = {-1, -1};
    pid_t pid;
    int status;
    enum err err = ERR_SYSTEM;

    if (program == NULL) {
        log_line("there is no display, or no askpass program is installed");
        return ERR_NOT_FOUND;
    }
    if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0) {
        log_line("cannot make a pipe: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    err = start(program, dialog, out[1], &pid);
    if (err != OK) {
        goto out;
    }
    process = pidfd_open(pid, 0);
    if (process < 0) {
        log_line("cannot watch %.200s: %s", program, strerror(errno));
        err = ERR_SYSTEM;
    }
    answer = wait_for(process, deadline, withdrawn);
    status = end(process, pid);
    if (err == OK && answer == DIALOG_ONCE) {
        err = judge(program, status, out[0], &answer);
    }
    if (err == OK) {
        *ret = answer;
    }
out:
    if (process >= 0) {
        close(process);
    }
    close(out[0]);
    close(out[1]);
    return err;
}
