/* SPDX-License-Identifier: BSD-2-Clause */
/* include/log.h */
#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "log.h"

/* Standard error is a SEQPACKET socket here: one message for each write. */
static int reader;
static int real_stderr;
static char prog[] = "prog";

static int capture(void **state)
{
    int ends[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
    return 0;
}

static int release(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(reader);
    return 0;
}

/* What one write wrote; 0 bytes if there was none. */
static size_t written(char *ret, size_t cap)
{
    ssize_t n = recv(reader, ret, cap, MSG_DONTWAIT);

    return n > 0 ? (size_t)n : 0;
}

static void test_a_line(void **state)
{
    char line[4096];
    size_t len;

    (void)state;
    program_invocation_short_name = prog;
    log_line("%s has %d keys", "agent", 3);
    len = written(line, sizeof line);
    assert_view_equal(((struct view){(uint8_t *)line, len}), text_view("prog: agent has 3 keys\n"));
    assert_int_equal(written(line, sizeof line), 0);
}

static void test_errno_is_kept(void **state)
{
    char line[4096];

    (void)state;
    program_invocation_short_name = prog;
    errno = EDOM;
    log_line("%s", "text");
    assert_int_equal(errno, EDOM);
    assert_true(written(line, sizeof line) > 0);

    /* Also where the write fails. */
    close(STDERR_FILENO);
    log_line("%s", "text");
    assert_int_equal(errno, EDOM);
    dup2(real_stderr, STDERR_FILENO);
}

/* Around the limit, and far past it: one write, one line, which starts as it should. */
static void test_long_lines_are_cut(void **state)
{
    char text[5000];
    char line[sizeof text * 2];

    (void)state;
    program_invocation_short_name = prog;
    for (size_t n = LOG_LINE_MAX - 20; n < sizeof text; n += n < LOG_LINE_MAX + 20 ? 1 : 500) {
        size_t len;

        memset(text, 'x', n);
        text[n] = '\0';
        log_line("%s", text);
        len = written(line, sizeof line);
        assert_true(len <= LOG_LINE_MAX);
        assert_true(len == strlen("prog: ") + n + 1 || len >= LOG_LINE_MAX - 1);
        assert_memory_equal(line, "prog: xxxx", 10);
        assert_true(memchr(line, '\n', len) == line + len - 1);
        assert_null(memchr(line, '\0', len));
        assert_int_equal(written(line, sizeof line), 0);
    }
}

static void test_a_long_program_name(void **state)
{
    char name[LOG_LINE_MAX * 2];
    char line[LOG_LINE_MAX * 4];
    size_t len;

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    program_invocation_short_name = name;
    log_line("%s", "text");
    program_invocation_short_name = prog;
    len = written(line, sizeof line);
    assert_true(len > LOG_LINE_MAX / 2 && len <= LOG_LINE_MAX);
    assert_true(memchr(line, '\n', len) == line + len - 1);
}

static void test_clean_every_byte(void **state)
{
    uint8_t text[256];
    char clean[257];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)i;
    }
    assert_ptr_equal(log_clean(clean, sizeof clean, text, sizeof text), clean);
    assert_int_equal(strlen(clean), 256);
    for (size_t i = 0; i < sizeof text; i++) {
        assert_int_equal(clean[i], i >= ' ' && i <= '~' ? (int)i : '?');
    }
}

static void test_clean_cuts(void **state)
{
    struct view text = exact_copy("abcdef", 6);

    (void)state;
    for (size_t cap = 1; cap < 9; cap++) {
        char *room = malloc(cap);
        size_t n = cap - 1 < 6 ? cap - 1 : 6;

        assert_non_null(room);
        log_clean(room, cap, text.data, text.len);
        assert_int_equal(strlen(room), n);
        assert_memory_equal(room, "abcdef", n);
        free(room);
    }
    view_free(&text);
}

static void test_clean_nothing(void **state)
{
    char room[4] = "xyz";

    (void)state;
    assert_string_equal(log_clean(room, sizeof room, NULL, 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_line, capture, release),
        cmocka_unit_test_setup_teardown(test_errno_is_kept, capture, release),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, capture, release),
        cmocka_unit_test_setup_teardown(test_a_long_program_name, capture, release),
        cmocka_unit_test(test_clean_every_byte),
        cmocka_unit_test(test_clean_cuts),
        cmocka_unit_test(test_clean_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
