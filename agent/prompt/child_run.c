/* SPDX-License-Identifier: BSD-2-Clause */
#include "child_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_RUN 127 /* what a shell says; none of enum child_exit */

/* An empty pipe takes at least a page, so this does not wait. */
static enum err full_pipe(struct view input, int *ret)
{
    int ends[2];
    ssize_t n;

    if (input.len > CHILD_INPUT_MAX) {
        return ERR_TOO_BIG;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return ERR_SYSTEM;
    }
    n = write(ends[1], input.data, input.len);
    close(ends[1]);
    if (n != (ssize_t)input.len) {
        close(ends[0]);
        return ERR_SYSTEM;
    }
    *ret = ends[0];
    return OK;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* of those that have no action it fails, harmlessly */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* output is -1 for none. */
static _Noreturn void become(const char *program, const char *what, int input, int output,
                             pid_t parent)
{
    int out = output >= 0 ? output : open("/dev/null", O_WRONLY);

    setpgid(0, 0);
    reset_signals();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != parent || out < 0 ||
        dup2(input, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) { /* program may be one */
        _exit(CANNOT_RUN);
    }
    execl(program, "split-ssh-prompt-child", what, (char *)NULL);
    _exit(CANNOT_RUN);
}

static enum err run(const char *program, const char *what, int input, int output, pid_t *ret)
{
    pid_t self = getpid();
    sigset_t term;
    sigset_t before;
    pid_t pid;

    /* Ours is ignored; a child that is withdrawn before it has its own would never know. */
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    pid = fork();
    if (pid == 0) {
        become(program, what, input, output, self);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        return ERR_SYSTEM;
    }
    setpgid(pid, pid); /* here too: it may be killed before it gets that far */
    *ret = pid;
    return OK;
}

enum err child_run(const char *program, const char *what, struct view input, pid_t *ret)
{
    int read_end = -1;
    enum err err = full_pipe(input, &read_end);

    if (err != OK) {
        return err;
    }
    err = run(program, what, read_end, -1, ret);
    close(read_end);
    return err;
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
    }
}

enum err child_run_talking(const char *program, const char *what, struct view input,
                           struct talking_child *ret)
{
    int sockets[2] = {-1, -1};
    int output[2] = {-1, -1};
    enum err err = ERR_SYSTEM;
    pid_t pid;

    if (input.len > CHILD_INPUT_MAX) {
        return ERR_TOO_BIG;
    }
    /* What we do not wait for must not make the child hurry: just our ends are non-blocking. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
        pipe2(output, O_CLOEXEC) != 0 || fcntl(sockets[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(output[0], F_SETFL, O_NONBLOCK) != 0 ||
        send(sockets[0], input.data, input.len, MSG_NOSIGNAL) != (ssize_t)input.len) {
        goto out;
    }
    err = run(program, what, sockets[1], output[1], &pid);
    if (err == OK) {
        *ret = (struct talking_child){.pid = pid, .socket = sockets[0], .output = output[0]};
        sockets[0] = -1;
        output[0] = -1;
    }
out:
    close_pair(sockets);
    close_pair(output);
    return err;
}

bool child_ended(pid_t pid, int *ret_status)
{
    siginfo_t end = {0};

    if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != pid) {
        return false;
    }
    if (end.si_code != CLD_EXITED) {
        kill(-pid, SIGKILL); /* before it is reaped: until then the group's number is its own */
    }
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

void child_withdraw(pid_t pid)
{
    kill(pid, SIGTERM);
}

void child_kill(pid_t pid)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
}

enum prompt_verdict child_verdict(int status, bool while_offered, const char **ret_by)
{
    static const struct {
        int status;
        enum prompt_verdict verdict;
        const char *by;
    } answers[] = {
        {CHILD_ONCE_NOTIFICATION, PROMPT_ALLOW_ONCE, "notification"},
        {CHILD_WHILE_NOTIFICATION, PROMPT_ALLOW_WHILE, "notification"},
        {CHILD_DENY_NOTIFICATION, PROMPT_DENY, "notification"},
        {CHILD_TIMEOUT_NOTIFICATION, PROMPT_TIMEOUT, "notification"},
        {CHILD_ONCE_ASKPASS, PROMPT_ALLOW_ONCE, "askpass"},
        {CHILD_DENY_ASKPASS, PROMPT_DENY, "askpass"},
        {CHILD_TIMEOUT_ASKPASS, PROMPT_TIMEOUT, "askpass"},
        {CHILD_NO_DISPLAY, PROMPT_NO_DISPLAY, ""},
    };

    *ret_by = "";
    for (size_t i = 0; i < sizeof answers / sizeof answers[0] && WIFEXITED(status); i++) {
        if (answers[i].status == WEXITSTATUS(status) &&
            (answers[i].verdict != PROMPT_ALLOW_WHILE || while_offered)) {
            *ret_by = answers[i].by;
            return answers[i].verdict;
        }
    }
    return PROMPT_FAILED;
}
