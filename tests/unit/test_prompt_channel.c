/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "report.h"
#include "spawn.h"
#include "unit.h"

#define AWHILE_MS 10000

static int its_fd; /* the prompt's end */
static unsigned ends;
static unsigned messages;

/* In the place of spawn.c: a prompt that is what the test makes of it. */
enum err spawn_helper(const struct helper *helper, int *ret_fd, pid_t *ret_pid)
{
    int pair[2];

    (void)helper;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    its_fd = pair[1];
    *ret_fd = pair[0];
    *ret_pid = 0;
    return OK;
}

static enum err on_message(uint8_t type, struct wire_reader *r, int fd)
{
    assert_int_equal(fd, -1);
    assert_int_equal(type, PROMPT_FILE);
    assert_int_equal(wire_u8(r), 7);
    messages++;
    return wire_end(r);
}

static void on_end(void)
{
    ends++;
}

static int start(void **state)
{
    static const struct prompt_channel_events events = {.on_message = on_message, .on_end = on_end};

    (void)state;
    ends = 0;
    messages = 0;
    return prompt_channel_start(true, -1, &events) == OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    prompt_stop();
    if (its_fd >= 0) {
        close(its_fd);
    }
    its_fd = -1;
    return 0;
}

static void end_prompt(void)
{
    close(its_fd);
    its_fd = -1;
}

static bool send_one(size_t len)
{
    static const uint8_t zeros[PROMPT_FRAME_MAX];
    struct wire_writer w;
    struct prompt_frame *frame = prompt_frame_new(PROMPT_READ, len, &w);

    assert_non_null(frame);
    put_bytes(&w, zeros, len);
    return prompt_frame_send(frame, &w);
}

static void test_message(void **state)
{
    static const uint8_t frame[] = {0, 0, 0, 2, PROMPT_FILE, 7};

    (void)state;
    assert_int_equal(send(its_fd, frame, sizeof frame, 0), sizeof frame);
    while (messages == 0) {
        assert_true(prompt_channel_wait(AWHILE_MS));
    }
    assert_true(prompt_is_alive());
}

/* Nobody takes what is to be sent, so it must not be what is waited for. */
static void test_end_with_something_to_send(void **state)
{
    unsigned turns = 0;

    (void)state;
    end_prompt();
    assert_true(send_one(8));
    while (prompt_is_alive()) {
        assert_true(turns++ < 100);
        assert_true(prompt_channel_wait(AWHILE_MS));
    }
    assert_int_equal(ends, 1);
    assert_false(send_one(8));
}

/* The same where the socket was full before. */
static void test_end_while_full(void **state)
{
    unsigned turns = 0;

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        assert_true(send_one(PROMPT_FRAME_MAX));
    }
    end_prompt();
    while (prompt_is_alive()) {
        assert_true(turns++ < 100);
        assert_true(prompt_channel_wait(AWHILE_MS));
    }
    assert_int_equal(ends, 1);
}

/* What it said before it ended counts. */
static void test_last_message_before_the_end(void **state)
{
    static const uint8_t frame[] = {0, 0, 0, 2, PROMPT_FILE, 7};

    (void)state;
    assert_int_equal(send(its_fd, frame, sizeof frame, 0), sizeof frame);
    end_prompt();
    assert_true(send_one(8));
    while (prompt_is_alive()) {
        assert_true(prompt_channel_wait(AWHILE_MS));
    }
    assert_int_equal(messages, 1);
    assert_int_equal(ends, 1);
}

static void test_nothing_in_time(void **state)
{
    (void)state;
    assert_false(prompt_channel_wait(0));
    assert_true(prompt_is_alive());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_message, start, stop),
        cmocka_unit_test_setup_teardown(test_end_with_something_to_send, start, stop),
        cmocka_unit_test_setup_teardown(test_end_while_full, start, stop),
        cmocka_unit_test_setup_teardown(test_last_message_before_the_end, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_in_time, start, stop),
    };

    assert_int_equal(loop_init(), OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
