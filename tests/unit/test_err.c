/* SPDX-License-Identifier: BSD-2-Clause */
/* include/err.h: the numbers go from process to process, the texts to a log. */
#include "unit.h"

/* Numbers that are free. */
static bool is_free(int number)
{
    return number == 17 || number == 24 || number == 27;
}

static void test_each_has_a_text_of_its_own(void **state)
{
    const char *unknown = err_text((enum err)(ERR_MAX + 1));

    (void)state;
    for (int i = 0; i <= ERR_MAX; i++) {
        const char *text = err_text((enum err)i);

        if (is_free(i)) {
            assert_string_equal(text, unknown);
            continue;
        }
        assert_string_not_equal(text, unknown);
        assert_true(strlen(text) > 0);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(text, err_text((enum err)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_a_text_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
