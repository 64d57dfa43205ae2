/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/spawn.c: what a helper starts with. The helper is this program once more: without an
 * environment, or with HELPER in it, it says on descriptor 3 what it finds.
 */
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "trace.h"
#include "unit.h"

#define FDS_MAX   64
#define TOKEN     't'
#define PATIENCE  60 /* seconds */
#define HIGH_FD   20
#define SELF_NAME "test_spawn"

struct finding {
    uint64_t open; /* a bit for each descriptor */
    int blocked;   /* signals */
    int ignored;
    int arguments;
    int environment;
    pid_t tracer;
    bool null_in, null_out;
    bool effective_ids; /* are the real ones */
};

/* The helper. */

static bool is_null(int fd)
{
    struct stat here, null;

    return fstat(fd, &here) == 0 && stat("/dev/null", &null) == 0 && here.st_rdev == null.st_rdev;
}

static pid_t tracer(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "re");
    long pid = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "TracerPid:", 10) == 0) {
            pid = strtol(line + 10, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (pid_t)pid;
}

static void find_signals(struct finding *finding)
{
    struct sigaction action;
    sigset_t mask;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < NSIG; number++) {
        finding->blocked += sigismember(&mask, number) == 1;
        finding->ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
}

static int helper_main(int argc)
{
    struct finding finding = {.arguments = argc, .null_in = is_null(0), .null_out = is_null(1)};
    const char token = TOKEN;

    for (int fd = 0; fd < FDS_MAX; fd++) {
        finding.open |= fcntl(fd, F_GETFD) >= 0 ? 1ULL << fd : 0;
    }
    find_signals(&finding);
    finding.tracer = tracer();
    for (char **entry = environ; *entry != NULL; entry++) {
        finding.environment++;
    }
    finding.effective_ids = geteuid() == getuid() && getegid() == getgid();
    if ((finding.open >> IPC_SIDE_FD & 1) != 0 && send(IPC_SIDE_FD, &token, 1, 0) != 1) {
        return 1;
    }
    return send(IPC_FD, &finding, sizeof finding, 0) == (ssize_t)sizeof finding ? 0 : 1;
}

/* The tests. */

static const struct timeval patience = {.tv_sec = PATIENCE};

static struct finding find(const struct helper *helper)
{
    struct finding finding;
    int fd = -1;
    int status = -1;
    pid_t pid = 0;

    assert_int_equal(spawn_helper(helper, &fd, &pid), OK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(recv(fd, &finding, sizeof finding, MSG_WAITALL), sizeof finding);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return finding;
}

/* Bits of FDS descriptors, and a 1 for each of a row. */
#define ROW(count) ((1ULL << (count)) - 1)

static void test_plain(void **state)
{
    const struct helper helper = {.name = SELF_NAME, .side_fd = -1};
    struct finding finding = find(&helper);

    (void)state;
    assert_int_equal(finding.open, ROW(IPC_FD + 1));
    assert_true(finding.null_in && finding.null_out && finding.effective_ids);
    assert_int_equal(finding.arguments, 1);
    assert_int_equal(finding.environment, 0);
    assert_int_equal(finding.tracer, 0);
}

static void test_flag_and_environment(void **state)
{
    char *environment[] = {(char[]){"HELPER=yes"}, (char[]){"DISPLAY=:0"}, NULL};
    const struct helper helper = {
        .name = SELF_NAME, .foreground = true, .environment = environment, .side_fd = -1};
    struct finding finding = find(&helper);

    (void)state;
    assert_int_equal(finding.arguments, 2);
    assert_int_equal(finding.environment, 2);
}

static void test_signals(void **state)
{
    const struct helper helper = {.name = SELF_NAME, .side_fd = -1};
    struct finding finding;
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    signal(SIGPIPE, SIG_IGN);
    finding = find(&helper);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(finding.blocked, 0);
    assert_int_equal(finding.ignored, 0);
}

/* Has the lower numbers free for what spawn_helper() itself opens, or taken. */
static void try_token(int number, bool others_taken)
{
    struct helper helper = {.name = SELF_NAME, .side_fd = number};
    int ends[2];
    char token = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ends[0] = fcntl(ends[0], F_DUPFD_CLOEXEC, HIGH_FD);
    ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, HIGH_FD);
    close_range(STDERR_FILENO + 1, HIGH_FD - 1, 0);
    for (int fd = STDERR_FILENO + 1; others_taken && fd < HIGH_FD; fd++) {
        assert_int_equal(dup2(STDERR_FILENO, fd), fd);
    }
    assert_int_equal(dup3(ends[1], number, O_CLOEXEC), number);
    close(ends[1]);
    assert_int_equal(find(&helper).open, ROW(IPC_SIDE_FD + 1));
    assert_true(fcntl(number, F_GETFD) >= 0); /* is still the caller's */
    close(number);
    assert_int_equal(recv(ends[0], &token, 1, 0), 1);
    assert_int_equal(token, TOKEN);
    assert_int_equal(recv(ends[0], &token, 1, 0), 0); /* nobody else has the other end */
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

static void test_token(void **state)
{
    (void)state;
    for (int number = STDERR_FILENO + 1; number < HIGH_FD; number++) {
        try_token(number, false);
        try_token(number, true);
    }
}

static void test_missing(void **state)
{
    const struct helper helper = {.name = "no-such-helper", .side_fd = -1};
    int fd = -7;
    pid_t pid = -7;

    (void)state;
    assert_int_equal(spawn_helper(&helper, &fd, &pid), ERR_SYSTEM);
    assert_int_equal(fd, -7);
    assert_int_equal(pid, -7);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
}

/* Too few descriptors: the child says so, and there is no helper. */
static void test_no_descriptors(void **state)
{
    const struct helper helper = {.name = SELF_NAME, .side_fd = -1};
    struct rlimit before, few;
    pid_t pid;
    int fd;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    for (few.rlim_cur = 4; few.rlim_cur < 12; few.rlim_cur++) {
        enum err err;

        setrlimit(RLIMIT_NOFILE, &few);
        err = spawn_helper(&helper, &fd, &pid);
        setrlimit(RLIMIT_NOFILE, &before);
        if (err == OK) {
            close(fd);
            assert_int_equal(waitpid(pid, NULL, 0), pid);
        } else {
            assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        }
    }
    find(&helper);
}

/* The last: once in a life. */
static void test_traced(void **state)
{
    const struct helper helper = {.name = SELF_NAME, .traced = true, .side_fd = -1};

    (void)state;
    assert_int_equal(trace_pid(), 0);
    assert_int_equal(find(&helper).tracer, getpid());
    assert_int_not_equal(trace_pid(), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_flag_and_environment),
        cmocka_unit_test(test_signals), cmocka_unit_test(test_token),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_traced),
    };

    (void)argv;
    if (environ[0] == NULL || getenv("HELPER") != NULL) {
        _exit(helper_main(argc)); /* LeakSanitizer does not work in a process that is traced */
    }
    close_range(STDERR_FILENO + 1, ~0U, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
