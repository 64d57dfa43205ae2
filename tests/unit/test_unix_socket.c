/* SPDX-License-Identifier: BSD-2-Clause */
/* include/unix_socket.h */
#include "child.h"
#include "unit.h"
#include "unix_socket.h"

static char dir[64];
static char path[128];
static char why[UNIX_WHY_MAX];

static int start(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/split-ssh-unit-XXXXXX", 27);
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/socket", dir);
    why[0] = '\0';
    return 0;
}

static int stop(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static struct unix_socket listen_at(mode_t mode)
{
    struct unix_socket sock = {.fd = -1};

    assert_int_equal(unix_listen(path, mode, &sock, why), OK);
    return sock;
}

/* 0, or the errno of connect(2). */
static int try_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    memcpy(address.sun_path, path, strlen(path));
    result = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return result;
}

static void test_modes(void **state)
{
    static const mode_t modes[] = {0600, 0660, 0666};
    const mode_t before = umask(0027);

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct unix_socket sock = listen_at(modes[i]);
        struct stat st;

        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFSOCK | modes[i]);
        assert_int_equal(try_connect(), 0);
        assert_int_equal(fcntl(sock.fd, F_GETFD), FD_CLOEXEC);
        assert_true((fcntl(sock.fd, F_GETFL) & O_NONBLOCK) != 0);
        unix_unlink(&sock);
        assert_int_equal(lstat(path, &st), -1);
        close(sock.fd);
    }
    assert_int_equal(umask(before), 0027);
}

static void test_living_sockets_stay(void **state)
{
    struct unix_socket sock = listen_at(0600);
    struct unix_socket second = {.fd = -7};

    (void)state;
    assert_int_equal(unix_listen(path, 0600, &second, why), ERR_DENIED);
    assert_non_null(strstr(why, "in use"));
    assert_int_equal(second.fd, -7);
    assert_int_equal(try_connect(), 0);
    unix_unlink(&sock);
    close(sock.fd);
}

static void test_dead_sockets_are_replaced(void **state)
{
    struct unix_socket first = listen_at(0600);
    struct unix_socket second;

    (void)state;
    close(first.fd);
    assert_int_equal(try_connect(), ECONNREFUSED);
    second = listen_at(0600);
    assert_int_equal(try_connect(), 0);
    unix_unlink(&second);
    assert_int_equal(try_connect(), ENOENT);
    close(second.fd);
}

/* Whoever lost its place takes nothing away at its end. */
static void test_only_our_own_is_removed(void **state)
{
    struct unix_socket first = listen_at(0600);
    struct unix_socket second;

    (void)state;
    assert_int_equal(unlink(path), 0);
    second = listen_at(0600);
    unix_unlink(&first);
    assert_int_equal(try_connect(), 0);
    close(first.fd);
    unix_unlink(&second);
    assert_int_equal(try_connect(), ENOENT);
    close(second.fd);
}

static void test_other_files_stay(void **state)
{
    struct unix_socket sock = {.fd = -1};
    struct stat st;

    (void)state;
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(unix_listen(path, 0600, &sock, why), ERR_DENIED);
    assert_non_null(strstr(why, "not a socket"));
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    unlink(path);
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_int_equal(unix_listen(path, 0600, &sock, why), ERR_DENIED);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void test_paths(void **state)
{
    char longest[UNIX_PATH_MAX + 1];
    struct unix_socket sock = {.fd = -1};

    (void)state;
    assert_int_equal(unix_listen("", 0600, &sock, why), ERR_MALFORMED);
    assert_int_equal(unix_listen("/tmp/", 0600, &sock, why), ERR_MALFORMED);
    memset(longest, 'x', sizeof longest);
    memcpy(longest, dir, strlen(dir));
    longest[strlen(dir)] = '/';
    longest[UNIX_PATH_MAX] = '\0'; /* no room for the NUL */
    assert_int_equal(unix_listen(longest, 0600, &sock, why), ERR_TOO_BIG);
    longest[UNIX_PATH_MAX - 1] = '\0';
    assert_int_equal(unix_listen(longest, 0600, &sock, why), OK);
    assert_string_equal(sock.path, longest);
    unix_unlink(&sock);
    close(sock.fd);
    snprintf(longest, sizeof longest, "%s/missing/socket", dir);
    assert_int_equal(unix_listen(longest, 0600, &sock, why), ERR_SYSTEM);
}

static void test_private_directories(void **state)
{
    char sub[96];
    char in_sub[128];
    char too_deep[160];
    struct stat st;

    (void)state;
    snprintf(sub, sizeof sub, "%s/sub", dir);
    snprintf(in_sub, sizeof in_sub, "%s/socket", sub);
    snprintf(too_deep, sizeof too_deep, "%s/a/b/socket", dir);
    assert_int_equal(unix_private_directory(in_sub, why), OK);
    assert_int_equal(stat(sub, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
    assert_int_equal(unix_private_directory(in_sub, why), OK);
    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        assert_int_equal(chmod(sub, 0700 | bit), 0);
        assert_int_equal(unix_private_directory(in_sub, why), ERR_DENIED);
        assert_non_null(strstr(why, "not private"));
    }
    rmdir(sub);
    close(open(sub, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(unix_private_directory(in_sub, why), ERR_DENIED);
    unlink(sub);
    assert_int_equal(unix_private_directory(too_deep, why), ERR_SYSTEM);
    assert_int_equal(unix_private_directory("", why), ERR_MALFORMED);
}

/* Puts descriptors where systemd does, and says so; in a child, which has these for itself. */
static void pass(int count, int fd, const char *names)
{
    char number[16];

    for (int i = 0; i < count; i++) {
        EXPECT(dup2(fd, UNIX_ACTIVATED_FD + i) == UNIX_ACTIVATED_FD + i);
    }
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%d", count);
    setenv("LISTEN_FDS", number, 1);
    if (names != NULL) {
        setenv("LISTEN_FDNAMES", names, 1);
    } else {
        unsetenv("LISTEN_FDNAMES");
    }
}

static int blocking_listener(int type)
{
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    /* An address of the kernel's choice, without a file. */
    EXPECT(bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) == 0);
    EXPECT(listen(fd, 1) == 0);
    return fd;
}

static void activated_in_child(const void *arg)
{
    struct unix_activated list = {.count = 0};
    struct unix_socket sock = {.fd = -7};
    int fd = blocking_listener(SOCK_STREAM);

    (void)arg;
    fd = fcntl(fd, F_DUPFD, 50);
    pass(2, fd, "agent:qrexec");
    EXPECT(unix_activated(&list, why) == OK);
    EXPECT(list.count == 2);
    EXPECT(list.socket[0].fd == 3 && list.socket[1].fd == 4);
    EXPECT(fcntl(3, F_GETFD) == FD_CLOEXEC && (fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
    EXPECT(unix_take(&list, "other", false, &sock, why) == ERR_NOT_FOUND);
    EXPECT(unix_take(&list, "agent", true, &sock, why) == OK);
    EXPECT(sock.fd == 3 && sock.path[0] == '\0' && list.socket[0].fd == -1);
    EXPECT(unix_take(&list, "agent", true, &sock, why) == ERR_NOT_FOUND);
    EXPECT(unix_take(&list, "qrexec", false, &sock, why) == OK);
    EXPECT(sock.fd == 4);

    pass(2, fd, "agent:agent");
    EXPECT(unix_activated(&list, why) == OK);
    EXPECT(unix_take(&list, "agent", true, &sock, why) == ERR_MALFORMED);
}

/* One socket without a name of its own is the agent's. */
static void unnamed_in_child(const void *arg)
{
    static const char *const anonymous[] = {NULL, "", "unknown", "split-ssh.socket"};
    struct unix_activated list = {.count = 0};
    struct unix_socket sock = {.fd = -1};
    int fd = fcntl(blocking_listener(SOCK_STREAM), F_DUPFD, 50);

    (void)arg;
    for (size_t i = 0; i < COUNT(anonymous); i++) {
        pass(1, fd, anonymous[i]);
        EXPECT(unix_activated(&list, why) == OK);
        EXPECT(unix_take(&list, "agent", false, &sock, why) == ERR_NOT_FOUND);
        EXPECT(unix_take(&list, "agent", true, &sock, why) == OK);
    }
    pass(1, fd, "qrexec");
    EXPECT(unix_activated(&list, why) == OK);
    EXPECT(unix_take(&list, "agent", true, &sock, why) == ERR_NOT_FOUND);
    pass(2, fd, "");
    EXPECT(unix_activated(&list, why) == OK);
    EXPECT(unix_take(&list, "agent", true, &sock, why) == ERR_NOT_FOUND);
}

static void refused_in_child(const void *arg)
{
    static const char *const numbers[] = {"0", "-1", "x", "1x", "", " 1", "99999999999999999999"};
    struct unix_activated list = {.count = 99};
    int fd = fcntl(blocking_listener(SOCK_STREAM), F_DUPFD, 50);

    (void)arg;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        pass(1, fd, NULL);
        setenv("LISTEN_FDS", numbers[i], 1);
        EXPECT(unix_activated(&list, why) == ERR_MALFORMED);
    }
    pass((int)UNIX_ACTIVATED_MAX, fd, NULL);
    setenv("LISTEN_FDS", "9", 1);
    EXPECT(unix_activated(&list, why) == ERR_TOO_BIG);
    EXPECT(list.count == 99);
    pass((int)UNIX_ACTIVATED_MAX, fd, NULL);
    EXPECT(unix_activated(&list, why) == OK && list.count == UNIX_ACTIVATED_MAX);

    pass(1, socket(AF_UNIX, SOCK_STREAM, 0), NULL); /* does not listen */
    EXPECT(unix_activated(&list, why) == ERR_MALFORMED);
    pass(1, blocking_listener(SOCK_SEQPACKET), NULL);
    EXPECT(unix_activated(&list, why) == ERR_MALFORMED);
    pass(1, open("/dev/null", O_RDWR), NULL);
    EXPECT(unix_activated(&list, why) == ERR_MALFORMED);
}

/* Meant for another process, or not there at all: no sockets, no error. */
static void nothing_in_child(const void *arg)
{
    struct unix_activated list = {.count = 99};

    (void)arg;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    EXPECT(unix_activated(&list, why) == OK && list.count == 0);
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    EXPECT(unix_activated(&list, why) == OK && list.count == 0);
    setenv("LISTEN_PID", "x", 1);
    EXPECT(unix_activated(&list, why) == OK && list.count == 0);
}

static void test_activation(void **state)
{
    static void (*const parts[])(const void *) = {activated_in_child, unnamed_in_child,
                                                  refused_in_child, nothing_in_child};

    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct child_end end;

        in_child(parts[i], NULL, &end);
        assert_string_equal(end.text, "");
        assert_int_equal(end.status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, start, stop),
        cmocka_unit_test_setup_teardown(test_living_sockets_stay, start, stop),
        cmocka_unit_test_setup_teardown(test_dead_sockets_are_replaced, start, stop),
        cmocka_unit_test_setup_teardown(test_only_our_own_is_removed, start, stop),
        cmocka_unit_test_setup_teardown(test_other_files_stay, start, stop),
        cmocka_unit_test_setup_teardown(test_paths, start, stop),
        cmocka_unit_test_setup_teardown(test_private_directories, start, stop),
        cmocka_unit_test(test_activation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
