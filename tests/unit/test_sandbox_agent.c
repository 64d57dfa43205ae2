/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/sandbox.c: each system call behind it, and which files it may remove. */
#include "sandbox_calls.h"

#include <sys/stat.h>

#include "sandbox.h"

static char folder[UNIX_PATH_MAX]; /* has agent/socket and qrexec/socket, and other */
static struct listeners listeners;

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
    make_directory("other");
    make_directory("empty");
    make("own/agent/socket");
    make("qrexec/socket");
    make("other/file");
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
                                        "other/file",
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
    EXPECT(sandbox_enter(&listeners) == OK);
}

/* What serving takes, and nothing else. */
static const int needed[] = {
    SYS_epoll_pwait,
    SYS_epoll_ctl,
    SYS_accept4,
    SYS_getsockopt,
    SYS_geteuid,
    SYS_recvfrom,
    SYS_sendto,
    SYS_sendmsg,
    SYS_read,
    SYS_timerfd_settime,
    SYS_ppoll,
    SYS_clock_gettime,
    SYS_write,
    SYS_close,
    SYS_dup3,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_rt_sigprocmask,
    SYS_wait4,
    SYS_newfstatat,
    SYS_fstat,
    SYS_unlinkat,
    SYS_rt_sigaction,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_openat, /* fails */
#ifdef __x86_64__
    SYS_epoll_wait,
    SYS_poll,
    SYS_dup2,
    SYS_lstat,
    SYS_stat,
    SYS_unlink,
    SYS_rmdir,
    SYS_open,
#endif
};

static void test_all_calls(void **state)
{
    (void)state;
    assert_only(enter, needed, COUNT(needed));
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
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_file_opens),
#ifdef __x86_64__
        cmocka_unit_test(test_other_architecture),
#endif
        cmocka_unit_test(test_removes_only_its_own), /* the last: they are gone then */
    };

    return cmocka_run_group_tests(tests, start, stop);
}
