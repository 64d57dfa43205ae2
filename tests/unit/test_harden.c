/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/harden.c, in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "child.h"
#include "harden.h"
#include "ipc.h"
#include "unit.h"

static void hardened(const void *arg)
{
    struct rlimit core;

    (void)arg;
    for (int fd = 0; fd <= IPC_SIDE_FD; fd++) {
        EXPECT(dup2(STDERR_FILENO, fd) == fd);
    }
    EXPECT(dup2(STDERR_FILENO, IPC_SIDE_FD + 1) == IPC_SIDE_FD + 1);
    EXPECT(dup2(STDERR_FILENO, 500) == 500);
    EXPECT(setenv("OPENSSL_CONF", "/tmp/x", 1) == 0);
    EXPECT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);

    EXPECT(harden_process() == OK);

    EXPECT(getenv("OPENSSL_CONF") == NULL);
    EXPECT(environ == NULL || environ[0] == NULL);
    EXPECT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    EXPECT(getrlimit(RLIMIT_CORE, &core) == 0);
    EXPECT(core.rlim_cur == 0 && core.rlim_max == 0);
    for (int fd = 0; fd <= IPC_SIDE_FD; fd++) {
        EXPECT(fcntl(fd, F_GETFD) >= 0);
    }
    for (int fd = IPC_SIDE_FD + 1; fd < 1000; fd++) {
        EXPECT(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
    }
}

static void test_what_is_true_afterwards(void **state)
{
    struct child_end end;

    (void)state;
    in_child(hardened, NULL, &end);
    assert_string_equal(end.text, "");
    assert_int_equal(end.status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_true_afterwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
