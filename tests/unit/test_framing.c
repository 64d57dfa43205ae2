/* SPDX-License-Identifier: BSD-2-Clause */
/* include/framing.h: the length word. */
#include "unit.h"

#include "framing.h"

#define MAX 0x01020304U

static enum err length_of(const uint8_t *bytes, size_t have, size_t *ret)
{
    struct view copy = exact_copy(bytes, have); /* ASan sees what is read past these */
    enum err err = frame_length(copy.data, copy.len, MAX, ret);

    view_free(&copy);
    return err;
}

static void test_not_all_there(void **state)
{
    static const uint8_t bytes[FRAMING_LENGTH] = {0xff, 0xff, 0xff, 0xff};

    (void)state;
    for (size_t have = 0; have < FRAMING_LENGTH; have++) {
        size_t len = 99;

        assert_int_equal(length_of(bytes, have, &len), OK);
        assert_int_equal(len, 0);
    }
}

static void test_limits(void **state)
{
    static const struct {
        uint8_t bytes[FRAMING_LENGTH];
        enum err err;
        size_t len;
    } table[] = {
        {{0, 0, 0, 0}, ERR_MALFORMED, 0},
        {{0, 0, 0, 1}, OK, 1},
        {{1, 2, 3, 4}, OK, MAX},
        {{1, 2, 3, 5}, ERR_TOO_BIG, 0},
        {{0xff, 0xff, 0xff, 0xff}, ERR_TOO_BIG, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t len = 99;

        assert_int_equal(length_of(table[i].bytes, FRAMING_LENGTH, &len), table[i].err);
        assert_int_equal(len, table[i].err == OK ? table[i].len : 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_all_there),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
