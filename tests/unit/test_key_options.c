/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/key_options.c: what stands in NAME.ssh-add-option. */
#include "key_options.h"

#include <stdio.h>

#include "side_ipc.h"
#include "unit.h"

static enum err parse(const char *text, struct key_options *ret, char *ret_why)
{
    static struct view copy;

    free((void *)copy.data);
    copy = exact_copy(text, strlen(text));
    ret_why[0] = '\0';
    return key_options_parse(copy, ret, ret_why);
}

static void test_good(void **state)
{
    static const struct {
        const char *text;
        bool confirm;
        uint32_t life;
        size_t hops;
    } table[] = {
        {"", false, SIDE_NO_LIFE, 0},
        {" \n\t\r\n", false, SIDE_NO_LIFE, 0},
        {"-c", true, SIDE_NO_LIFE, 0},
        {"-q\n", false, SIDE_NO_LIFE, 0},
        {"-cq", true, SIDE_NO_LIFE, 0},
        {"-qc -t 600\n", true, 600, 0},
        {"-t600", false, 600, 0},
        {"-ct600", true, 600, 0},
        {"-ct\n600", true, 600, 0},
        {"-t 10m", false, 600, 0},
        {"-t 1h30m", false, 5400, 0},
        {"-t 1H30", false, 3630, 0},
        {"-t 1w2d3h4m5s", false, 788645, 0},
        {"-t 0", false, SIDE_NO_LIFE, 0},
        {"-t 2147483647", false, 2147483647, 0},
        {"-t 600 -t 5", false, 5, 0},
        {"-h github.com", false, SIDE_NO_LIFE, 1},
        {"-hgithub.com -c\r\n-h git@github.com>[other]:22", true, SIDE_NO_LIFE, 2},
        {"-h -c", false, SIDE_NO_LIFE, 1}, /* as getopt(3) has it */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char why[KEY_OPTIONS_WHY_MAX];
        struct key_options options;

        if (parse(table[i].text, &options, why) != OK) {
            fail_msg("%s: %s", table[i].text, why);
        }
        assert_int_equal(options.confirm, table[i].confirm);
        assert_int_equal(options.life, table[i].life);
        assert_int_equal(options.hops, table[i].hops);
    }
}

static void test_hops(void **state)
{
    char why[KEY_OPTIONS_WHY_MAX];
    struct key_options options;

    (void)state;
    assert_int_equal(parse("-h a -hb\n-qh c>d@e", &options, why), OK);
    assert_int_equal(options.hops, 3);
    assert_view_is(options.hop[0], "a");
    assert_view_is(options.hop[1], "b");
    assert_view_is(options.hop[2], "c>d@e");
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } table[] = {
        {"-D", "line 1: -D is not understood"},
        {"-c\n-q\n-d", "line 3: -d is not understood"},
        {"-k", "line 1: -k is not understood"},
        {"-x", "line 1: -x is not understood"},
        {"-X", "line 1: -X is not understood"},
        {"-l", "line 1: -l is not understood"},
        {"-s /usr/lib/x.so", "line 1: -s is not understood"},
        {"-e", "line 1: -e is not understood"},
        {"-K", "line 1: -K is not understood"},
        {"-cD", "line 1: -D is not understood"},
        {"--", "line 1: -- is not understood"},
        {"--confirm", "line 1: -- is not understood"},
        {"-", "line 1: - is not an option"},
        {"-c other_key", "line 1: other_key is not an option"},
        {"\n\n c", "line 3: c is not an option"},
        {"-t", "line 1: -t needs a value"},
        {"-c -h\n", "needs a value"},
        {"-t x", "line 1: x is not a time"},
        {"-t 10x", "is not a time"},
        {"-t 10mm", "is not a time"},
        {"-t -5", "is not a time"},
        {"-t 1.5h", "is not a time"},
        {"-t 2147483648", "is not a time"},
        {"-t 99999999999999999999999", "is not a time"},
        {"-t 4000w", "is not a time"},
        {"-t 1193046h2000w", "is not a time"},
        {"-h 'host'", "line 1: 'host' has quotes"},
        {"-h \"host\"", "has quotes"},
        {"-h a\\ b", "marks of the shell"},
        {"-t $(id)", "marks of the shell"},
        {"-h `id`", "marks of the shell"},
        {"# no confirmation\n-c", "line 1: # begins a comment"},
        {"-c\x01", "line 1: -c? is not text"},
        {"-h a\x7f", "is not text"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char why[KEY_OPTIONS_WHY_MAX];
        struct key_options options = {.hops = 77};

        assert_int_equal(parse(table[i].text, &options, why), ERR_MALFORMED);
        if (strstr(why, table[i].why) == NULL) {
            fail_msg("%s: %s", table[i].text, why);
        }
        assert_int_equal(options.hops, 77);
    }
}

static void test_zero_byte(void **state)
{
    static const uint8_t text[] = "-c\0D";
    char why[KEY_OPTIONS_WHY_MAX];
    struct key_options options;

    (void)state;
    assert_int_equal(key_options_parse((struct view){text, 3}, &options, why), ERR_MALFORMED);
}

static void test_caps(void **state)
{
    static char text[PROMPT_HOPS_MAX * 8 + 2 * PROMPT_HOP_MAX];
    char why[KEY_OPTIONS_WHY_MAX];
    struct key_options options;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < PROMPT_HOPS_MAX; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "-h host\n");
    }
    assert_int_equal(parse(text, &options, why), OK);
    assert_int_equal(options.hops, PROMPT_HOPS_MAX);
    snprintf(text + at, sizeof text - at, "-h more");
    assert_int_equal(parse(text, &options, why), ERR_MALFORMED);
    assert_string_equal(why, "line 65: more is one destination too many");

    memset(text, 'x', sizeof text);
    memcpy(text, "-h ", 3);
    text[3 + PROMPT_HOP_MAX] = '\0';
    assert_int_equal(parse(text, &options, why), OK);
    text[3 + PROMPT_HOP_MAX] = 'x';
    text[4 + PROMPT_HOP_MAX] = '\0';
    assert_int_equal(parse(text, &options, why), ERR_MALFORMED);
    assert_non_null(strstr(why, "xxx... is too long for a destination"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_hops),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
