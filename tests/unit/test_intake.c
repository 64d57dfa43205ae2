/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/intake.c: one request of the agent, in pieces. */
#include "unit.h"

#include "intake.h"

static uint8_t bytes[INTAKE_SIZE];

/* n bytes come; what does not fit is the test's fault. */
static enum err take(struct intake *in, const void *from, size_t n, struct view *ret)
{
    struct room room = intake_room(in);

    assert_ptr_equal(room.at, bytes + in->have);
    assert_int_equal(room.len, INTAKE_SIZE - in->have);
    assert_true(n <= room.len);
    memcpy(room.at, from, n);
    return intake_add(in, n, ret);
}

static void test_byte_by_byte(void **state)
{
    static const char request[] = "\0\0\0\3abc";
    struct intake in = {.bytes = bytes};
    struct view whole = {bytes, 1};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(take(&in, request + i, 1, &whole), OK);
        assert_int_equal(whole.len, i == 6 ? 3 : 0);
    }
    assert_ptr_equal(whole.data, bytes + FRAMING_LENGTH);
    assert_view_is(whole, "abc");
}

/* Nothing may follow a request, whether it comes with it or after it. */
static void test_more_than_one(void **state)
{
    struct intake in = {.bytes = bytes};
    struct view before = {bytes, 5};
    struct view whole = before;

    (void)state;
    assert_int_equal(take(&in, "\0\0\0\1ab", 6, &whole), ERR_MALFORMED);
    assert_memory_equal(&whole, &before, sizeof whole);
    in.have = 0;
    assert_int_equal(take(&in, "\0\0\0\1a", 5, &whole), OK);
    assert_view_is(whole, "a");
    assert_int_equal(take(&in, "\0", 1, &whole), ERR_MALFORMED);
}

static void test_lengths(void **state)
{
    static uint8_t most[INTAKE_SIZE];
    struct intake in = {.bytes = bytes};
    struct view before = {bytes, 5};
    struct view whole = before;

    (void)state;
    assert_int_equal(take(&in, "\0\0\0\0", 4, &whole), ERR_MALFORMED);
    in.have = 0;
    store_u32(most, IPC_MAX + 1);
    assert_int_equal(take(&in, most, 4, &whole), ERR_TOO_BIG);
    assert_memory_equal(&whole, &before, sizeof whole);
    in.have = 0;
    store_u32(most, IPC_MAX);
    assert_int_equal(take(&in, most, INTAKE_SIZE - 1, &whole), OK);
    assert_int_equal(whole.len, 0);
    assert_int_equal(take(&in, "x", 1, &whole), OK);
    assert_int_equal(whole.len, IPC_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_more_than_one),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
