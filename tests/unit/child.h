/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs part of a test in a process of its own, which may die of it. Not for assert_*: use EXPECT.
 */
#ifndef SPLIT_SSH_TESTS_CHILD_H
#define SPLIT_SSH_TESTS_CHILD_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FAILED 99

/* cmocka's asserts would jump back into the parent's tests. */
#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);              \
            _exit(CHILD_FAILED);                                                                   \
        }                                                                                          \
    } while (0)

struct child_end {
    int status;      /* as of waitpid(2) */
    char text[8192]; /* the start of what it wrote to standard error */
};

/* Runs f(arg) in a child, which exits with 0 if f returns; waits for its end. */
static inline void in_child(void (*f)(const void *arg), const void *arg, struct child_end *ret)
{
    const struct rlimit no_core = {0, 0};
    size_t len = 0;
    ssize_t n;
    int ends[2];
    pid_t pid;

    memset(ret, 0, sizeof *ret);
    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        abort();
    }
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL); /* ASan's handler would turn it into an exit status */
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        f(arg);
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], ret->text + len, sizeof ret->text - 1 - len)) > 0) {
        len += (size_t)n;
    }
    close(ends[0]);
    waitpid(pid, &ret->status, 0);
}

#endif
