/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "client_config.h"

#define NAME_31 "abcdefghijklmnopqrstuvwxyz01234"
#define NAME_48 "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL"

static void parses_to(const char *text, size_t len, const char *expected)
{
    struct view copy = exact_copy(text, len);
    char word[8 + 1];

    assert_int_equal(client_config_parse((const char *)copy.data, len, 8, word), OK);
    assert_string_equal(word, expected);
    view_free(&copy);
}

static void fails_with(enum err expected, const char *text, size_t len)
{
    struct view copy = exact_copy(text, len);
    char word[8 + 1] = "before";

    assert_int_equal(client_config_parse((const char *)copy.data, len, 8, word), expected);
    assert_string_equal(word, "before");
    view_free(&copy);
}

#define PARSES_TO(text, expected) parses_to(text, sizeof(text) - 1, expected)
#define FAILS_WITH(err, text)     fails_with(err, text, sizeof(text) - 1)

static void one_word(void **state)
{
    (void)state;
    PARSES_TO("vault", "vault");
    PARSES_TO("vault\n", "vault");
    PARSES_TO("\n \t vault \r\n\n", "vault");
    PARSES_TO("v", "v");
    PARSES_TO("12345678", "12345678");
    PARSES_TO("12345678\n", "12345678");
}

static void no_word(void **state)
{
    (void)state;
    PARSES_TO("", "");
    PARSES_TO("\n", "");
    PARSES_TO(" \t\r\n \n", "");
}

static void more_than_a_word(void **state)
{
    (void)state;
    FAILS_WITH(ERR_MALFORMED, "a b");
    FAILS_WITH(ERR_MALFORMED, "a\nb\n");
    FAILS_WITH(ERR_MALFORMED, "# a\na\n");
    FAILS_WITH(ERR_MALFORMED, "vault\0");
    FAILS_WITH(ERR_MALFORMED, "\0vault");
    FAILS_WITH(ERR_MALFORMED, "va\0ult\n");
    FAILS_WITH(ERR_MALFORMED, "\0");
    FAILS_WITH(ERR_TOO_BIG, "123456789");
    FAILS_WITH(ERR_TOO_BIG, "123456789\n");
}

static void targets(void **state)
{
    (void)state;
    assert_true(call_target_valid("vault"));
    assert_true(call_target_valid("@default"));
    assert_true(call_target_valid("@dispvm"));
    assert_true(call_target_valid("@dispvm:" NAME_31));
    assert_true(call_target_valid(NAME_31));
    assert_int_equal(strlen("@dispvm:" NAME_31), CALL_TARGET_MAX);
    assert_false(call_target_valid(""));
    assert_false(call_target_valid("-vault"));
    assert_false(call_target_valid("@dispvm:"));
    assert_false(call_target_valid(NAME_31 "5"));
    assert_false(call_target_valid("@dispvm:" NAME_31 "5"));
    assert_false(call_target_valid("va/ult"));
    assert_false(call_target_valid("va;ult"));
    assert_false(call_target_valid("v\303\244ult"));
}

static void agents(void **state)
{
    (void)state;
    assert_true(call_agent_valid("work"));
    assert_true(call_agent_valid("a.b-c_D"));
    assert_true(call_agent_valid("0"));
    assert_true(call_agent_valid(NAME_48));
    assert_int_equal(strlen(NAME_48), CALL_AGENT_MAX);
    /* qrexec's own limit for SERVICE+ARG. */
    assert_int_equal(strlen("qubes.SshAgent+" NAME_48), 63);
    assert_false(call_agent_valid(""));
    assert_false(call_agent_valid(NAME_48 "M"));
    assert_false(call_agent_valid(".work"));
    assert_false(call_agent_valid("-work"));
    assert_false(call_agent_valid("wo/rk"));
    assert_false(call_agent_valid("wo+rk"));
    assert_false(call_agent_valid("wo rk"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word), cmocka_unit_test(no_word), cmocka_unit_test(more_than_a_word),
        cmocka_unit_test(targets),  cmocka_unit_test(agents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
