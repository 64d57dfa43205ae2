/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/sandbox.c: each system call behind it, and what it may do with which file and process. */
#include "sandbox_calls.h"

#include <sys/stat.h>

#include "sandbox.h"

#define PROMPT_FD 7 /* any */

static char folder[UNIX_PATH_MAX]; /* has agent/socket and qrexec/socket, log, and other */
static struct listeners listeners;
static char log_directory[UNIX_PATH_MAX];

static void path_of(char *ret, const char *name)
{
    assert_true(snprintf(ret, UNIX_PATH_MAX, "%s/%s", folder, name) < (int)UNIX_PATH_MAX);
}

static void make(const char *name)
{
    char path[UNIX_PATH_MAX];
    int fd;

    path_of(path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void make_directory(const char *name)
{
    char path[UNIX_PATH_MAX];

    path_of(path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int start(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/split-ssh-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    make_directory("own");
    make_directory("own/agent");
    make_directory("qrexec");
    make_directory("log");
    make_directory("other");
    make_directory("empty");
    make("own/agent/socket");
    make("qrexec/socket");
    make("log/file");
    make("other/file");
    path_of(log_directory, "log");
    path_of(listeners.agent.socket.path, "own/agent/socket");
    path_of(listeners.qrexec.socket.path, "qrexec/socket");
    path_of(listeners.directory, "own/agent");
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"own/agent/socket",
                                        "own/agent",
                                        "own",
                                        "qrexec/socket",
                                        "qrexec",
                                        "log/file",
                                        "log/new",
                                        "log",
                                        "other/file",
                                        "other/new",
                                        "other",
                                        "empty",
                                        ""};
    char path[UNIX_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        path_of(path, names[i]);
        if (unlink(path) != 0) {
            rmdir(path);
        }
    }
    return 0;
}

static void enter(void)
{
    EXPECT(sandbox_enter(&listeners, 0, PROMPT_FD, log_directory) == OK);
}

/* The filter alone decides here: the parent is no process that is traced. */
static void enter_with_traced(void)
{
    EXPECT(sandbox_enter(&listeners, getppid(), PROMPT_FD, log_directory) == OK);
}

/* What serving takes, and nothing else. */
static const int needed[] = {
    SYS_epoll_pwait, SYS_epoll_ctl,
    SYS_accept4,     SYS_getsockopt,
    SYS_geteuid,     SYS_recvfrom,
    SYS_sendto,      SYS_sendmsg,
    SYS_read,        SYS_timerfd_settime,
    SYS_ppoll,       SYS_clock_gettime,
    SYS_write,       SYS_close,
    SYS_dup3,        SYS_munmap,
    SYS_mremap,      SYS_madvise,
    SYS_brk,         SYS_futex,
    SYS_getrandom,   SYS_getpid,
    SYS_gettid,      SYS_rt_sigprocmask,
    SYS_wait4,       SYS_waitid,
    SYS_newfstatat,  SYS_fstat,
    SYS_unlinkat,    SYS_rt_sigaction,
    SYS_exit_group,  SYS_restart_syscall,
    SYS_openat,      SYS_renameat,
    SYS_flock,       SYS_lseek,
    SYS_ftruncate,
#ifdef __x86_64__
    SYS_epoll_wait,  SYS_poll,
    SYS_dup2,        SYS_lstat,
    SYS_stat,        SYS_unlink,
    SYS_rmdir,       SYS_open,
#endif
};

static void test_all_calls(void **state)
{
    (void)state;
    assert_only(enter, needed, COUNT(needed));
}

/* A descriptor can come from the prompt, and from nobody else. */
static void test_recvmsg_from_the_prompt(void **state)
{
    (void)state;
    for (long fd = 0; fd < PROMPT_FD + 3; fd++) {
        const struct attempt recvmsg = {"recvmsg", SYS_recvmsg, {fd, 0, 0, 0, 0, 0}};

        if (fd == PROMPT_FD) {
            assert_true(WIFEXITED(outcome(enter, &recvmsg)));
        } else {
            assert_killed(enter, &recvmsg);
        }
    }
}

/* ptrace(2) is made for one process, in two ways: neither reads or changes anything of it. */
static void test_ptrace_of_the_traced(void **state)
{
    const long pid = getpid();
    const struct attempt sent_on[] = {
        {"PTRACE_CONT", SYS_ptrace, {PTRACE_CONT, pid, 0, SIGCONT, 0, 0}},
        {"PTRACE_LISTEN", SYS_ptrace, {PTRACE_LISTEN, pid, 0, 0, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sent_on); i++) {
        assert_ends(enter_with_traced, &sent_on[i], ESRCH);
        assert_killed(enter, &sent_on[i]); /* nothing is traced */
    }
}

static void test_ptrace_of_others(void **state)
{
    const long high = 1L << 32; /* bits that the kernel leaves out of a pid */
    const long pid = getpid();
    const long others[] = {0, -1, 1, pid + 1, pid | high, -pid};

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        const struct attempt attempt = {
            "PTRACE_CONT of another", SYS_ptrace, {PTRACE_CONT, others[i], 0, 0, 0, 0}};

        assert_killed(enter_with_traced, &attempt);
    }
}

/* Each request that Linux has, on any machine; PEEK, POKE, GETREGS, DETACH, SEIZE and all. */
static void test_ptrace_is_for_nothing_else(void **state)
{
    (void)state;
    for (long what = 0; what < 0x4300; what = what == 63 ? 0x4200 : what + 1) {
        const struct attempt attempt = {"a request", SYS_ptrace, {what, getpid(), 0, 0, 0, 0}};

        if (what != PTRACE_CONT && what != PTRACE_LISTEN) {
            assert_killed(enter_with_traced, &attempt);
        }
    }
}

static void test_forbidden(void **state)
{
    (void)state;
    assert_forbidden(enter);
}

static void test_memory(void **state)
{
    (void)state;
    assert_memory(enter);
}

static void test_no_file_opens(void **state)
{
    const struct attempt attempts[] = {
        {"open", SYS_openat, {AT_FDCWD, ADDRESS(some_file), O_RDONLY, 0, 0, 0}},
        {"open its own",
         SYS_openat,
         {AT_FDCWD, ADDRESS(listeners.agent.socket.path), O_RDWR, 0, 0, 0}},
        {"make", SYS_openat, {AT_FDCWD, ADDRESS("new"), O_WRONLY | O_CREAT, 0600, 0, 0}},
        {"the process's own memory",
         SYS_openat,
         {AT_FDCWD, ADDRESS("/proc/self/mem"), O_RDWR, 0, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(attempts); i++) {
        assert_ends(enter, &attempts[i], EACCES);
    }
}

static void test_log_is_written_alone(void **state)
{
    char file[UNIX_PATH_MAX], new[UNIX_PATH_MAX], outside[UNIX_PATH_MAX], other[UNIX_PATH_MAX];
    const int add = O_WRONLY | O_APPEND | O_CREAT;
    const struct attempt done[] = {
        {"write", SYS_openat, {AT_FDCWD, ADDRESS(file), add, 0600, 0, 0}},
        {"rename", SYS_renameat, {AT_FDCWD, ADDRESS(file), AT_FDCWD, ADDRESS(new), 0, 0}},
        {"make", SYS_openat, {AT_FDCWD, ADDRESS(file), add, 0600, 0, 0}},
    };
    const struct attempt refused[] = {
        {"read", SYS_openat, {AT_FDCWD, ADDRESS(file), O_RDONLY, 0, 0, 0}},
        {"read and write", SYS_openat, {AT_FDCWD, ADDRESS(file), O_RDWR, 0, 0, 0}},
        {"write another's", SYS_openat, {AT_FDCWD, ADDRESS(other), O_WRONLY, 0, 0, 0}},
        {"make elsewhere", SYS_openat, {AT_FDCWD, ADDRESS(outside), add, 0600, 0, 0}},
    };
    const struct attempt moves[] = {
        {"move away", SYS_renameat, {AT_FDCWD, ADDRESS(file), AT_FDCWD, ADDRESS(outside), 0, 0}},
        {"move here", SYS_renameat, {AT_FDCWD, ADDRESS(other), AT_FDCWD, ADDRESS(new), 0, 0}},
    };

    (void)state;
    path_of(file, "log/file");
    path_of(new, "log/new");
    path_of(outside, "other/new");
    path_of(other, "other/file");
    for (size_t i = 0; i < COUNT(done); i++) {
        assert_ends(enter, &done[i], 0);
    }
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_ends(enter, &refused[i], EACCES);
    }
    for (size_t i = 0; i < COUNT(moves); i++) {
        const int status = outcome(enter, &moves[i]);

        /* As the kernel finds first that it is another directory, or no right there. */
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == EXDEV || WEXITSTATUS(status) == EACCES);
    }
}

/* The list of calls lets nothing be opened to be read, also where Landlock has no say: O_PATH. */
static void test_list_opens_to_write_alone(void **state)
{
    const long modes[] = {O_RDONLY, O_RDWR, O_ACCMODE};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        const struct attempt attempt = {
            "O_PATH", SYS_openat, {AT_FDCWD, ADDRESS(some_file), modes[i] | O_PATH, 0, 0, 0}};

        assert_ends(enter, &attempt, EACCES);
    }
}

static void test_removes_only_its_own(void **state)
{
    char other[UNIX_PATH_MAX];
    char directory[UNIX_PATH_MAX];
    const struct attempt unlink_other = {
        "unlink another's file", SYS_unlinkat, {AT_FDCWD, ADDRESS(other), 0, 0, 0, 0}};
    const struct attempt rmdir_other = {
        "rmdir", SYS_unlinkat, {AT_FDCWD, ADDRESS(directory), AT_REMOVEDIR, 0, 0, 0}};
    const struct attempt own[] = {
        {"unlink agent",
         SYS_unlinkat,
         {AT_FDCWD, ADDRESS(listeners.agent.socket.path), 0, 0, 0, 0}},
        {"unlink qrexec",
         SYS_unlinkat,
         {AT_FDCWD, ADDRESS(listeners.qrexec.socket.path), 0, 0, 0, 0}},
        {"rmdir", SYS_unlinkat, {AT_FDCWD, ADDRESS(listeners.directory), AT_REMOVEDIR, 0, 0, 0}},
    };

    (void)state;
    path_of(other, "other/file");
    path_of(directory, "empty");
    assert_ends(enter, &unlink_other, EACCES);
    assert_ends(enter, &rmdir_other, EACCES);
    for (size_t i = 0; i < COUNT(own); i++) {
        assert_ends(enter, &own[i], 0);
    }
}

#ifdef __x86_64__
static void test_other_architecture(void **state)
{
    (void)state;
    assert_no_other_architecture(enter);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_calls),
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_recvmsg_from_the_prompt),
        cmocka_unit_test(test_ptrace_of_the_traced),
        cmocka_unit_test(test_ptrace_of_others),
        cmocka_unit_test(test_ptrace_is_for_nothing_else),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_file_opens),
        cmocka_unit_test(test_log_is_written_alone),
        cmocka_unit_test(test_list_opens_to_write_alone),
#ifdef __x86_64__
        cmocka_unit_test(test_other_architecture),
#endif
        cmocka_unit_test(test_removes_only_its_own), /* the last: they are gone then */
    };

    return cmocka_run_group_tests(tests, start, stop);
}
