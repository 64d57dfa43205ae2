/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/sandbox.c: each system call behind it, whether it kills or not. */
#include "sandbox_calls.h"

#include "ipc.h"
#include "sandbox.h"

static void enter(void)
{
    char text[128];

    EXPECT(sandbox_enter(text, sizeof text) == OK);
}

/* What answering requests takes, and nothing else. */
static const int needed[] = {
    SYS_recvfrom,  SYS_sendto,         SYS_write,  SYS_exit_group,      SYS_memfd_secret,
    SYS_ftruncate, SYS_close,          SYS_mlock,  SYS_mlock2,          SYS_munmap,
    SYS_madvise,   SYS_mremap,         SYS_brk,    SYS_getrandom,       SYS_clock_gettime,
    SYS_futex,     SYS_rt_sigprocmask, SYS_getpid, SYS_restart_syscall, SYS_ppoll,
    SYS_read,      SYS_fstat, /* but see test_descriptors() */
#ifdef __x86_64__
    SYS_poll,
#endif
};

static void test_all_calls(void **state)
{
    (void)state;
    assert_only(enter, needed, COUNT(needed));
}

static void test_forbidden(void **state)
{
    static const struct attempt files[] = {
        {"openat", SYS_openat, {AT_FDCWD, ADDRESS(some_file), O_RDONLY, 0, 0, 0}},
        {"unlinkat", SYS_unlinkat, {AT_FDCWD, ADDRESS("/x"), 0, 0, 0, 0}},
        {"accept4", SYS_accept4, {0, 0, 0, 0, 0, 0}},
        /* Descriptors come in and go out in messages alone. */
        {"sendmsg", SYS_sendmsg, {0, 0, 0, 0, 0, 0}},
        {"newfstatat", SYS_newfstatat, {AT_FDCWD, ADDRESS(some_file), 0, 0, 0, 0}},
        {"statx", SYS_statx, {AT_FDCWD, ADDRESS(some_file), 0, 0, 0, 0}},
        {"pread64", SYS_pread64, {5, 0, 0, 0, 0, 0}},
        {"fcntl", SYS_fcntl, {5, F_GETFL, 0, 0, 0, 0}},
        {"tgkill", SYS_tgkill, {1, 1, 0, 0, 0, 0}},
    };

    (void)state;
    assert_forbidden(enter);
    for (size_t i = 0; i < COUNT(files); i++) {
        assert_killed(enter, &files[i]);
    }
}

/*
 * Descriptors come in over the side channel alone, and only what came so is read: neither standard
 * input nor a socket.
 */
static void test_descriptors(void **state)
{
    (void)state;
    for (long fd = 0; fd <= IPC_SIDE_FD + 2; fd++) {
        const struct attempt recvmsg = {"recvmsg", SYS_recvmsg, {fd, 0, 0, 0, 0, 0}};
        const struct attempt read = {"read", SYS_read, {fd, 0, 0, 0, 0, 0}};
        const struct attempt fstat = {"fstat", SYS_fstat, {fd, 0, 0, 0, 0, 0}};

        if (fd != IPC_SIDE_FD) {
            assert_killed(enter, &recvmsg);
        } else {
            assert_true(WIFEXITED(outcome(enter, &recvmsg)));
        }
        if (fd <= IPC_SIDE_FD) {
            assert_killed(enter, &read);
            assert_killed(enter, &fstat);
        } else {
            assert_true(WIFEXITED(outcome(enter, &read)));
            assert_true(WIFEXITED(outcome(enter, &fstat)));
        }
    }
}

static void test_memory(void **state)
{
    (void)state;
    assert_memory(enter);
}

static void says_what(const void *arg)
{
    char text[128];

    (void)arg;
    EXPECT(sandbox_enter(text, sizeof text) == OK);
    syscall(SYS_exit_group, write(STDERR_FILENO, text, strlen(text)) > 0 ? 0L : 1L);
}

static void test_text(void **state)
{
    struct child_end end;

    (void)state;
    in_child(says_what, NULL, &end);
    assert_true(WIFEXITED(end.status));
    assert_memory_equal(end.text, "seccomp, Landlock ", strlen("seccomp, Landlock "));
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
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_text),
#ifdef __x86_64__
        cmocka_unit_test(test_other_architecture),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
