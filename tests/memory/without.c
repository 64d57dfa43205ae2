/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program on a kernel that lacks some system calls: they fail with ENOSYS, for the program
 * and for all that it runs.
 *
 *   without NUMBER|NAME... -- COMMAND...
 *   without --has NUMBER|NAME
 *
 * --has: exit status 0 if this kernel has it.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A name that libseccomp knows, or a number. */
static int call_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    return *end == '\0' && end != text ? (int)number : seccomp_syscall_resolve_name(text);
}

/* The flags are some that no call takes, so that nothing is done. */
static int has(int call)
{
    return syscall(call, -1L, -1L, -1L, -1L) < 0 && errno == ENOSYS ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int i = 1;

    if (argc == 3 && strcmp(argv[1], "--has") == 0) {
        return has(call_of(argv[2]));
    }
    for (; filter != NULL && i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call_of(argv[i]), 0) != 0) {
            fprintf(stderr, "without: no system call %s\n", argv[i]);
            return 125;
        }
    }
    if (filter == NULL || i + 1 >= argc || seccomp_load(filter) != 0) {
        fputs("usage: without NUMBER|NAME... -- COMMAND...\n", stderr);
        return 125;
    }
    seccomp_release(filter);
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 127;
}
