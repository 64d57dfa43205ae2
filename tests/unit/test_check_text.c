/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/control/check_text.c: quoting for a shell; what systemctl and busctl print. */
#include "unit.h"

#include <stdio.h>

#include "check_run.h"
#include "check_text.h"

/* What bash makes of a quoted text. */
static void assert_shell_reads(const char *text)
{
    static struct run run;
    char quoted[CHECK_QUOTE_MAX(256)];
    char script[sizeof quoted + 64];
    const char *const argv[] = {"bash", "-c", script, NULL};

    assert_string_not_equal(check_quote(quoted, CHECK_QUOTE_MAX(strlen(text)), text), "");
    for (const char *at = quoted; *at != '\0'; at++) {
        assert_in_range((unsigned char)*at, 0x20, 0x7e);
    }
    snprintf(script, sizeof script, "LC_ALL=C; printf '%%s' %s", quoted);
    assert_true(run_simple(argv, &run));
    assert_string_equal(run.out, text);
}

static void shells_read_what_was_quoted(void **state)
{
    (void)state;
    assert_shell_reads("/home/user/.ssh/id_ed25519");
    assert_shell_reads("a b");
    assert_shell_reads("it's \"$HOME\" `id` \\ ; & | * ? ~ #");
    assert_shell_reads("'''");
    assert_shell_reads("caf\xc3\xa9 \x01\n\t\x7f\xff it's \\n 1");
    assert_shell_reads("-n");
}

static void plain_text_stays(void **state)
{
    char room[64];

    (void)state;
    assert_string_equal(check_quote(room, sizeof room, "/a/b-c_d.e:f"), "/a/b-c_d.e:f");
    assert_string_equal(check_quote(room, sizeof room, "a b"), "'a b'");
    assert_string_equal(check_quote(room, sizeof room, ""), "''");
    assert_string_equal(check_quote(room, sizeof room, "~/x"), "'~/x'");
}

static void half_a_quote_is_none(void **state)
{
    static const char *const texts[] = {"abc", "a b", "it's", "\xff\xff"};
    char whole[64];

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t needed = strlen(check_quote(whole, sizeof whole, texts[i])) + 1;

        for (size_t cap = 1; cap <= needed; cap++) {
            char *room = malloc(cap); /* ASan knows its end */

            assert_non_null(room);
            assert_string_equal(check_quote(room, cap, texts[i]), cap < needed ? "" : whole);
            free(room);
        }
    }
}

static void values(void **state)
{
    char room[8];

    (void)state;
    assert_string_equal(check_get(room, sizeof room, "keys 3\nlocked no\n", ' ', "locked"), "no");
    assert_string_equal(check_get(room, sizeof room, "keys 3\nlocked no", ' ', "keys"), "3");
    assert_string_equal(check_get(room, sizeof room, "policy \n", ' ', "policy"), "");
    assert_string_equal(check_get(room, sizeof room, "keys 3\n", ' ', "key"), "");
    assert_string_equal(check_get(room, sizeof room, "", ' ', "keys"), "");
    assert_string_equal(check_get(room, sizeof room, "A=123456789\n", '=', "A"), "1234567");
    assert_string_equal(check_get(room, sizeof room, "A=b=c\n", '=', "A"), "b=c");
    assert_string_equal(check_get(room, sizeof room, "LoadA=1\nA=2\nA=3\n", '=', "A"), "2");
    assert_string_equal(check_get(room, sizeof room, "A\nA=\n", '=', "A"), "");
}

static void answers_of_the_bus(void **state)
{
    (void)state;
    assert_true(check_bus_has("as 3 \"persistence\" \"actions\" \"body\"\n", "actions"));
    assert_true(check_bus_has("as 1 \"body\"\n", "body"));
    assert_false(check_bus_has("as 2 \"action-icons\" \"body\"\n", "actions"));
    assert_false(check_bus_has("as 0\n", "actions"));
    assert_false(check_bus_has("s \"actions\"\n", "actions"));
    assert_false(check_bus_has("as 1 \"actions", "actions"));
    assert_false(check_bus_has("as 2 \"a\" \"b\"\n", " "));
    assert_false(check_bus_has("", "actions"));
    assert_true(check_bus_true("b true\n"));
    assert_false(check_bus_true("b false\n"));
    assert_false(check_bus_true("true\n"));
}

static bool take(void *context, const char *line, size_t len)
{
    char *seen = context;

    snprintf(seen + strlen(seen), 64 - strlen(seen), "[%.*s]", (int)len, line);
    return len == 4 && strncmp(line, "stop", 4) == 0;
}

static void lines(void **state)
{
    char seen[64] = "";

    (void)state;
    assert_false(check_each_line("a\n\nbc", take, seen));
    assert_string_equal(seen, "[a][][bc]");
    seen[0] = '\0';
    assert_true(check_each_line("a\nstop\nb\n", take, seen));
    assert_string_equal(seen, "[a][stop]");
    seen[0] = '\0';
    assert_false(check_each_line("", take, seen));
    assert_string_equal(seen, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shells_read_what_was_quoted), cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(half_a_quote_is_none),        cmocka_unit_test(values),
        cmocka_unit_test(answers_of_the_bus),          cmocka_unit_test(lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
