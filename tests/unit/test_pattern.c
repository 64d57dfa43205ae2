/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/pattern.c: ssh_config(5), PATTERNS, one pattern alone. */
#include "unit.h"

#include "pattern.h"

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
    bool nocase; /* ... without regard to case */
} cases[] = {
    {"", "", true, true},
    {"", "a", false, false},
    {"a", "", false, false},
    {"*", "", true, true},
    {"**", "", true, true},
    {"?", "", false, false},
    {"*?", "", false, false},
    {"a", "a", true, true},
    {"a", "b", false, false},
    {"a", "A", false, true},
    {"EXAMPLE.com", "example.COM", false, true},
    {"[", "{", false, false}, /* 0x20 apart, and no letters */
    {"@", "`", false, false},
    {"a", "aa", false, false},
    {"aa", "a", false, false},
    {"?", "a", true, true},
    {"?", "ab", false, false},
    {"??", "a", false, false},
    {"*", "anything at all", true, true},
    {"*a", "a", true, true},
    {"a*", "a", true, true},
    {"*a*", "a", true, true},
    {"*.co.uk", "a.b.co.uk", true, true},
    {"*.co.uk", "co.uk", false, false},
    {"*.co.uk", "a.co.uk.", false, false},
    {"192.168.0.?", "192.168.0.7", true, true},
    {"192.168.0.?", "192.168.0.77", false, false},
    {"*ab", "aab", true, true},
    {"*ab", "abab", true, true},
    {"*aba*c", "abababc", true, true},
    {"a*b*c", "abcbc", true, true},
    {"a*b*c", "acb", false, false},
    {"*?*", "a", true, true},
    {"?*?", "ab", true, true},
    {"?*?", "a", false, false},
    {"*b?d*f", "abcdbxdef", true, true},
    /* Nothing else has a meaning. */
    {"[ab]", "a", false, false},
    {"[ab]", "[ab]", true, true},
    {"\\*", "*", false, false},
    {"\\*", "\\x", true, true},
    {"!a", "a", false, false},
    {"a,b", "a", false, false},
    {"a,b", "a,b", true, true},
    {"\xc3\xa4", "\xc3\xa4", true, true},
    {"?", "\xc3\xa4", false, false}, /* bytes, not letters */
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view text = exact_copy(cases[i].text, strlen(cases[i].text));
        struct view pattern = exact_copy(cases[i].pattern, strlen(cases[i].pattern));

        if (pattern_match(cases[i].pattern, text) != cases[i].matches ||
            pattern_match_nocase(cases[i].pattern, text) != cases[i].nocase ||
            pattern_match_view(pattern, text) != cases[i].matches ||
            pattern_match_view_nocase(pattern, text) != cases[i].nocase) {
            fail_msg("pattern \"%s\", text \"%s\"", cases[i].pattern, cases[i].text);
        }
        view_free(&text);
        view_free(&pattern);
    }
}

static void test_nul_in_text(void **state)
{
    static const uint8_t bytes[] = {'a', 0, 'b'};
    struct view text = exact_copy(bytes, sizeof bytes);

    (void)state;
    assert_true(pattern_match("a?b", text));
    assert_true(pattern_match("*", text));
    assert_false(pattern_match("a", text));
    assert_false(pattern_match("a*a", text));
    assert_false(pattern_match("ab", text));
    text.len = 2;
    assert_false(pattern_match("a", text));
    view_free(&text);
}

static void test_literal(void **state)
{
    (void)state;
    assert_true(pattern_is_literal(text_view("")));
    assert_true(pattern_is_literal(text_view("[a.example]:22")));
    assert_false(pattern_is_literal(text_view("a*")));
    assert_false(pattern_is_literal(text_view("?")));
    assert_true(pattern_is_literal((struct view){NULL, 0}));
}

/* The definition itself: takes for ever on long texts, so for short ones. */
/* NOLINTNEXTLINE(misc-no-recursion): it is meant to be plain */
static bool by_definition(const char *pattern, const char *text)
{
    if (*pattern == '\0') {
        return *text == '\0';
    }
    if (*pattern == '*') {
        return by_definition(pattern + 1, text) ||
               (*text != '\0' && by_definition(pattern, text + 1));
    }
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           by_definition(pattern + 1, text + 1);
}

/* All words of up to 5 letters, as a pattern and as a text. */
static void spell(unsigned number, const char *letters, char ret[6])
{
    size_t base = strlen(letters) + 1;
    size_t len = 0;

    for (size_t i = 0; i < 5; i++) {
        size_t digit = number % base;

        number /= (unsigned)base;
        if (digit > 0) {
            ret[len++] = letters[digit - 1];
        }
    }
    ret[len] = '\0';
}

static void test_against_the_definition(void **state)
{
    char pattern[6];
    char text[6];

    (void)state;
    for (unsigned p = 0; p < 5 * 5 * 5 * 5 * 5; p++) {
        spell(p, "ab*?", pattern);
        for (unsigned t = 0; t < 3 * 3 * 3 * 3 * 3; t++) {
            spell(t, "ab", text);
            if (pattern_match(pattern, text_view(text)) != by_definition(pattern, text)) {
                fail_msg("pattern \"%s\", text \"%s\"", pattern, text);
            }
        }
    }
}

/* Would take longer than the universe has existed, if each * tried all that those before it left.
 */
static void test_many_stars(void **state)
{
    char pattern[512];
    char text[4096];

    (void)state;
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[sizeof pattern - 2] = 'b';
    pattern[sizeof pattern - 1] = '\0';
    memset(text, 'a', sizeof text);
    assert_false(pattern_match(pattern, (struct view){(const uint8_t *)text, sizeof text}));
    text[sizeof text - 1] = 'b';
    assert_true(pattern_match(pattern, (struct view){(const uint8_t *)text, sizeof text}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),      cmocka_unit_test(test_nul_in_text),
        cmocka_unit_test(test_literal),    cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_many_stars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
