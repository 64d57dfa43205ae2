/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls behind a sandbox, each in a process of its own. The list of calls is the one of a
 * build without sanitizers, whatever the build is: nothing but the call follows in that process.
 */
#ifndef SPLIT_SSH_TESTS_SANDBOX_CALLS_H
#define SPLIT_SSH_TESTS_SANDBOX_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "child.h"
#include "unit.h"

#define CALLS_END 1024 /* more than Linux has */
#define X32_BIT   0x40000000L

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* A call with its arguments, as a program would make it that was taken over. */
struct attempt {
    const char *name;
    long number;
    long args[6];
};

struct behind {
    void (*enter)(void);
    const struct attempt *attempt;
};

/* With an exit status that tells what errno was; 0 for success. */
static inline void attempt_in_child(const void *arg)
{
    const struct behind *behind = arg;
    const long *a = behind->attempt->args;
    long result;

    behind->enter();
    result = syscall(behind->attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    syscall(SYS_exit_group, result >= 0 ? 0L : (long)errno);
}

/* The status of waitpid(2). */
static inline int outcome(void (*enter)(void), const struct attempt *attempt)
{
    struct behind behind = {enter, attempt};
    struct child_end end;

    in_child(attempt_in_child, &behind, &end);
    if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == CHILD_FAILED) {
        fail_msg("%s: %s", attempt->name, end.text);
    }
    return end.status;
}

static inline void assert_killed(void (*enter)(void), const struct attempt *attempt)
{
    int status = outcome(enter, attempt);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
        fail_msg("%s (%ld) went through: status %#x", attempt->name, attempt->number,
                 (unsigned)status);
    }
}

/* error: what it fails with; 0: it succeeds. */
static inline void assert_ends(void (*enter)(void), const struct attempt *attempt, int error)
{
    int status = outcome(enter, attempt);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != error) {
        fail_msg("%s: status %#x, not errno %d", attempt->name, (unsigned)status, error);
    }
}

static inline bool is_one_of(long number, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

/* uretprobe (Linux 6.11) and uprobe (6.18). */
static inline bool is_probe(long number)
{
#ifdef __x86_64__
    return number == 335 || number == 336;
#else
    (void)number;
    return false;
#endif
}

/*
 * Goes through all numbers: what is on the list does not kill, and all else does. The arguments are
 * such that no call does anything; with them mmap and mprotect ask for memory to be executed. Left
 * out are rt_sigreturn, which would jump away, and two by which x86-64's kernel comes back from its
 * own probes and of which no filter is asked.
 */
static inline void assert_only(void (*enter)(void), const int *allowed, size_t count)
{
    for (long number = 0; number < CALLS_END; number++) {
        const struct attempt attempt = {"a call", number, {-1, -1, -1, -1, -1, -1}};

        if (number == SYS_rt_sigreturn || is_probe(number)) {
            continue;
        }
        if (!is_one_of(number, allowed, count)) {
            assert_killed(enter, &attempt);
        } else if (!WIFEXITED(outcome(enter, &attempt))) {
            fail_msg("%ld is needed and kills", number);
        }
    }
}

static const char no_program[] = "/bin/true";
static const char some_file[] = "/etc/passwd";
static char *const no_words[] = {NULL};
static const struct sockaddr_un some_address = {.sun_family = AF_UNIX, .sun_path = "/run/x"};

#define ADDRESS(of) ((long)(uintptr_t)(of))

/* What issue and man pages promise that no program of ours ever does again. */
static const struct attempt forbidden[] = {
    {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0, 0, 0, 0}},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, ADDRESS(no_words), 0, 0}},
    {"connect", SYS_connect, {0, ADDRESS(&some_address), sizeof some_address, 0, 0, 0}},
    {"bind", SYS_bind, {0, ADDRESS(&some_address), sizeof some_address, 0, 0, 0}},
    {"listen", SYS_listen, {0, 1, 0, 0, 0, 0}},
    {"execve", SYS_execve, {ADDRESS(no_program), ADDRESS(no_words), ADDRESS(no_words), 0, 0, 0}},
    {"execveat",
     SYS_execveat,
     {AT_FDCWD, ADDRESS(no_program), ADDRESS(no_words), ADDRESS(no_words), 0, 0}},
    {"clone", SYS_clone, {SIGCHLD, 0, 0, 0, 0, 0}},
    {"a thread", SYS_clone, {CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0, 0}},
    {"clone3", SYS_clone3, {0, 0, 0, 0, 0, 0}},
    {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0, 0, 0, 0}},
    {"process_vm_writev", SYS_process_vm_writev, {1, 0, 0, 0, 0, 0}},
    {"pidfd_getfd", SYS_pidfd_getfd, {0, 0, 0, 0, 0, 0}},
    {"kill", SYS_kill, {1, 0, 0, 0, 0, 0}},
    {"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0, 0}},
    {"setuid", SYS_setuid, {0, 0, 0, 0, 0, 0}},
    {"capset", SYS_capset, {0, 0, 0, 0, 0, 0}},
    {"prlimit64", SYS_prlimit64, {0, 4, 0, 0, 0, 0}},
    {"openat2", SYS_openat2, {AT_FDCWD, ADDRESS(some_file), 0, 0, 0, 0}},
    {"renameat2", SYS_renameat2, {AT_FDCWD, ADDRESS(some_file), AT_FDCWD, ADDRESS("/x"), 0, 0}},
    {"mkdirat", SYS_mkdirat, {AT_FDCWD, ADDRESS("/x"), 0, 0, 0, 0}},
    {"fchmodat", SYS_fchmodat, {AT_FDCWD, ADDRESS(some_file), 0, 0, 0, 0}},
    {"mount", SYS_mount, {0, 0, 0, 0, 0, 0}},
    {"io_uring_setup", SYS_io_uring_setup, {1, 0, 0, 0, 0, 0}},
    {"bpf", SYS_bpf, {0, 0, 0, 0, 0, 0}},
    {"memfd_create", SYS_memfd_create, {ADDRESS("x"), 0, 0, 0, 0, 0}},
    {"ioctl", SYS_ioctl, {0, 0x5412 /* TIOCSTI: types into the terminal */, 0, 0, 0, 0}},
    {"mmap to be executed",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mprotect to be executed", SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC, 0, 0, 0}},
    {"mprotect to be executed alone", SYS_mprotect, {0, 0, PROT_EXEC, 0, 0, 0}},
    {"pkey_mprotect", SYS_pkey_mprotect, {0, 0, PROT_READ | PROT_EXEC, 0, 0, 0}},
#ifdef __x86_64__
    {"a call of the x32 ABI", X32_BIT | SYS_getpid, {0, 0, 0, 0, 0, 0}},
    {"fork", SYS_fork, {0, 0, 0, 0, 0, 0}},
    {"vfork", SYS_vfork, {0, 0, 0, 0, 0, 0}},
#endif
};

static inline void assert_forbidden(void (*enter)(void))
{
    for (size_t i = 0; i < COUNT(forbidden); i++) {
        assert_killed(enter, &forbidden[i]);
    }
}

/* Memory that is not to be executed is always to be had. */
static inline void assert_memory(void (*enter)(void))
{
    static const struct attempt memory[] = {
        {"mmap", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
        {"mprotect", SYS_mprotect, {0, 0, PROT_NONE, 0, 0, 0}},
        {"mprotect to be written", SYS_mprotect, {0, 0, PROT_READ | PROT_WRITE, 0, 0, 0}},
    };

    for (size_t i = 0; i < COUNT(memory); i++) {
        assert_ends(enter, &memory[i], 0);
    }
}

#ifdef __x86_64__
static inline void old_call_in_child(const void *arg)
{
    const struct behind *behind = arg;
    long result;

    behind->enter();
    /* getpid of the 32-bit system calls, whose number is another call's. */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    syscall(SYS_exit_group, result >= 0 ? 0L : 1L);
}

/* SIGSEGV: a kernel without them. */
static inline void assert_no_other_architecture(void (*enter)(void))
{
    struct behind behind = {enter, NULL};
    struct child_end end;

    in_child(old_call_in_child, &behind, &end);
    assert_true(WIFSIGNALED(end.status));
    assert_true(WTERMSIG(end.status) == SIGSYS || WTERMSIG(end.status) == SIGSEGV);
}
#endif

#endif
