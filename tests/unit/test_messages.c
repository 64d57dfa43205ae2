/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/dispatch.c: every message number, from a program in the vault and from a qube, to the real
 * split-ssh-agent. Which answer they get, and that a qube changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "limits.h"
#include "openssh_key.h"

#define PATIENCE_S 60

static struct openssh_key key;
static pid_t agent;
static const char *const sockets[] = {"agent", "qrexec"};
enum sender { LOCAL, QUBE };

/* A connection, or -1; a qube's begins with the descriptor. */
static int try_connect(enum sender from)
{
    static const char descriptor[] = "qubes.SshAgent+ work";
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    keygen_path(sockets[from], address.sun_path, sizeof address.sun_path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    if (from == QUBE) {
        assert_int_equal(send(fd, descriptor, sizeof descriptor, MSG_NOSIGNAL), sizeof descriptor);
    }
    return fd;
}

/* A user of its own for the agent, with a policy that lets a qube sign anything unasked. */
static void make_home(void)
{
    static const char policy[] = "[DEFAULT]\nconfirm = no\nopaque = yes\nuses = no\n";
    char path[PATH_MAX];
    FILE *file;

    setenv("HOME", keygen_dir, 1);
    unsetenv("XDG_STATE_HOME");
    keygen_path("qubes-split-ssh", path, sizeof path);
    assert_int_equal(mkdir(path, 0700), 0);
    setenv("XDG_CONFIG_HOME", keygen_dir, 1);
    keygen_path("qubes-split-ssh/test.conf", path, sizeof path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(policy, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
    const struct timespec interval = {.tv_nsec = 10000000};
    char *argv[] = {(char[]){AGENT_PROGRAM},
                    (char[]){"-D"},
                    (char[]){"-a"},
                    (char[]){"agent"},
                    (char[]){"-q"},
                    (char[]){"qrexec"},
                    NULL};
    posix_spawn_file_actions_t actions;

    (void)state;
    keygen_start();
    make_home();
    keygen_make("key", "ed25519", "256");
    openssh_key_read("key", &key);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, keygen_dir);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "log", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(posix_spawn(&agent, AGENT_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < COUNT(sockets); i++) {
        int fd = -1;

        for (int tries = 0; fd < 0; tries++) {
            assert_true(tries < PATIENCE_S * 100);
            nanosleep(&interval, NULL);
            fd = try_connect((enum sender)i);
        }
        close(fd);
    }
    return 0;
}

static int stop(void **state)
{
    int status = -1;

    (void)state;
    kill(agent, SIGTERM);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    openssh_key_free(&key);
    keygen_stop();
    return 0;
}

/* All n bytes, or false at the end of the stream. */
static bool receive(int fd, uint8_t *ret, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = recv(fd, ret + have, n - have, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            return false;
        }
        if (got < 0) {
            fail_msg("no answer from the agent: %s", strerror(errno));
        }
        have += (size_t)got;
    }
    return true;
}

/* Sends a message and reads the answer into ret (FRAME_MAX bytes). */
static struct view ask(int fd, uint8_t number, struct view body, uint8_t *ret)
{
    uint8_t frame[1024];
    struct wire_writer w = wire_writer(frame, sizeof frame);
    uint32_t len;

    put_u32(&w, (uint32_t)body.len + 1);
    put_u8(&w, number);
    put_bytes(&w, body.data, body.len);
    assert_int_equal(w.err, OK);
    assert_int_equal(send(fd, frame, w.len, MSG_NOSIGNAL), w.len);
    assert_true(receive(fd, frame, 4));
    len = load_u32(frame);
    assert_true(len >= 1 && len <= FRAME_MAX);
    assert_true(receive(fd, ret, len));
    return (struct view){ret, len};
}

/* The number of the answer, on a connection of its own. */
static uint8_t answer_to(enum sender from, uint8_t number, struct view body)
{
    static uint8_t answer[FRAME_MAX];
    int fd = try_connect(from);

    assert_true(fd >= 0);
    assert_true(ask(fd, number, body, answer).len >= 1);
    close(fd);
    return answer[0];
}

static uint32_t keys_listed(enum sender from)
{
    static uint8_t answer[FRAME_MAX];
    int fd = try_connect(from);
    struct view list = ask(fd, 11, (struct view){NULL, 0}, answer);

    close(fd);
    assert_true(list.len >= 5);
    assert_int_equal(list.data[0], 12);
    return load_u32(list.data + 1);
}

static struct view add_body(void)
{
    static uint8_t bytes[512];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_add(&w, &key, text_view("comment"));
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static struct view string_body(struct view string)
{
    static uint8_t bytes[512];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_string(&w, string);
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static struct view sign_body(void)
{
    static uint8_t bytes[512];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_string(&w, key.blob);
    put_text(&w, "data");
    put_u32(&w, 0);
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

/* What a body of nothing gets: the list, a success of REMOVE_ALL in the vault, else FAILURE. */
static void test_every_number(void **state)
{
    (void)state;
    for (enum sender from = LOCAL; from <= QUBE; from++) {
        for (unsigned number = 0; number < 256; number++) {
            uint8_t want = number == 11 ? 12 : number == 19 && from == LOCAL ? 6 : 5;

            assert_int_equal(answer_to(from, (uint8_t)number, (struct view){NULL, 0}), want);
        }
    }
}

/* A number that is not known, or not allowed, costs its answer and not the connection. */
static void test_refusals_on_one_connection(void **state)
{
    static const uint8_t known_here[] = {11, 13, 27};
    static uint8_t answer[FRAME_MAX];
    int fd = try_connect(QUBE);

    (void)state;
    assert_true(fd >= 0);
    for (unsigned number = 0; number < 256; number++) {
        if (memchr(known_here, (int)number, sizeof known_here) != NULL) {
            continue;
        }
        assert_int_equal(ask(fd, (uint8_t)number, add_body(), answer).data[0], 5);
    }
    assert_int_equal(ask(fd, 11, (struct view){NULL, 0}, answer).data[0], 12);
    close(fd);
}

/* Good bodies of all that changes something: a program in the vault may, a qube may not. */
static void test_a_qube_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(answer_to(QUBE, 17, add_body()), 5);
    assert_int_equal(answer_to(QUBE, 25, add_body()), 5);
    assert_int_equal(keys_listed(LOCAL), 0);
    assert_int_equal(answer_to(LOCAL, 17, add_body()), 6);
    assert_int_equal(keys_listed(LOCAL), 1);
    assert_int_equal(keys_listed(QUBE), 1);
    assert_int_equal(answer_to(QUBE, 18, string_body(key.blob)), 5);
    assert_int_equal(answer_to(QUBE, 19, (struct view){NULL, 0}), 5);
    assert_int_equal(answer_to(QUBE, 22, string_body(text_view("x"))), 5);
    assert_int_equal(keys_listed(QUBE), 1); /* nor is it locked: then the list is empty */
    assert_int_equal(answer_to(QUBE, 13, sign_body()), 14);
    assert_int_equal(answer_to(LOCAL, 13, sign_body()), 14);

    assert_int_equal(answer_to(LOCAL, 22, string_body(text_view("x"))), 6);
    assert_int_equal(keys_listed(QUBE), 0);
    assert_int_equal(answer_to(QUBE, 13, sign_body()), 5);
    assert_int_equal(answer_to(LOCAL, 13, sign_body()), 5);
    assert_int_equal(answer_to(QUBE, 23, string_body(text_view("x"))), 5);
    assert_int_equal(keys_listed(LOCAL), 0);
    assert_int_equal(answer_to(LOCAL, 23, string_body(text_view("x"))), 6);
    assert_int_equal(keys_listed(LOCAL), 1);
    assert_int_equal(answer_to(LOCAL, 18, string_body(key.blob)), 6);
    assert_int_equal(answer_to(LOCAL, 25, add_body()), 6);
    assert_int_equal(answer_to(LOCAL, 19, (struct view){NULL, 0}), 6);
    assert_int_equal(keys_listed(QUBE), 0);
}

static void test_extensions(void **state)
{
    (void)state;
    for (enum sender from = LOCAL; from <= QUBE; from++) {
        assert_int_equal(answer_to(from, 27, string_body(text_view("query"))), 29);
        assert_int_equal(answer_to(from, 27, string_body(text_view("no-such@example.org"))), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),
        cmocka_unit_test(test_refusals_on_one_connection),
        cmocka_unit_test(test_a_qube_changes_nothing),
        cmocka_unit_test(test_extensions),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
