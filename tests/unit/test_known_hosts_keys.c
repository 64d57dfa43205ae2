/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/known_hosts_keys.c: the keys of a host by its name. */
#include "known_hosts_files.h"

/* How many keys a name has; each must be the host's, and an authority's or not. */
static size_t count_keys(const struct known_hosts *hosts, const char *name, struct view want,
                         bool want_authority)
{
    struct view text = exact_copy(name, strlen(name));
    struct view key = {NULL, 0};
    bool authority = !want_authority;
    size_t count = 0;
    size_t at = 0;

    while (known_hosts_next_key(hosts, text, &at, &key, &authority)) {
        assert_view_equal(key, want);
        assert_int_equal(authority, want_authority);
        key = (struct view){NULL, 0};
        count++;
    }
    assert_null(key.data); /* false leaves it alone */
    view_free(&text);
    return count;
}

static void test_names(void **state)
{
    static const struct {
        const char *list;
        const char *of[6];
        const char *not_of[6];
    } lines[] = {
        {"a.example,B.Example",
         {"a.example", "A.EXAMPLE", "b.example"},
         {"c.example", "a.example,B.Example", "*", "", "a.example.", "[a.example]:22"}},
        {"[a.example]:2222",
         {"[a.example]:2222", "[A.EXAMPLE]:2222"},
         {"a.example", "[a.example]"}},
        {"*.example,!no.example",
         {"a.example", "*.example", "[a].example"},
         {"no.example", "NO.example"}},
        {"*.example,![no.example]:22", {"a.example", "no.example"}, {"[no.example]:22"}},
        {"a.example,!a.example", {NULL}, {"a.example"}},
        {"*", {"a.example", "", "*"}, {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct known_hosts *hosts = load_line(lines[i].list, host_line, "");

        for (size_t k = 0; k < COUNT(lines[i].of) && lines[i].of[k] != NULL; k++) {
            if (count_keys(hosts, lines[i].of[k], host, false) != 1) {
                fail_msg("\"%s\" is not about \"%s\"", lines[i].list, lines[i].of[k]);
            }
        }
        for (size_t k = 0; k < COUNT(lines[i].not_of) && lines[i].not_of[k] != NULL; k++) {
            if (count_keys(hosts, lines[i].not_of[k], host, false) != 0) {
                fail_msg("\"%s\" is about \"%s\"", lines[i].list, lines[i].not_of[k]);
            }
        }
        known_hosts_free(&hosts);
    }
}

static void test_hashed(void **state)
{
    static const char *const hash[] = {"ssh-keygen", "-q", "-H", "-f", "hashed", NULL};
    struct known_hosts *hosts;
    struct view file;
    char text[2048];

    (void)state;
    snprintf(text, sizeof text, "A.example,[b.example]:22 %s\n", host_line);
    keygen_write("hashed", text_view(text));
    keygen_run(NULL, hash);
    file = keygen_read("hashed");
    hosts = load_bytes(file, 0);
    view_free(&file);
    assert_int_equal(count_keys(hosts, "a.example", host, false), 1);
    assert_int_equal(count_keys(hosts, "A.Example", host, false), 1);
    assert_int_equal(count_keys(hosts, "[b.example]:22", host, false), 1);
    assert_int_equal(count_keys(hosts, "b.example", host, false), 0);
    assert_int_equal(count_keys(hosts, "*", host, false), 0);
    known_hosts_free(&hosts);
}

/* In the order of the lines; each once, but a key and an authority of the same key are two. */
static void test_several(void **state)
{
    struct view name = text_view("a.example");
    struct known_hosts *hosts;
    char text[8192];
    bool authority;
    struct view key;
    size_t at = 0;

    (void)state;
    snprintf(text, sizeof text,
             "b.example %s\n@cert-authority * %s\na.example %s\n* %s\na.example,a.example %s\n"
             "@cert-authority a.* %s\n",
             other_line, host_line, host_line, other_line, host_line, host_line);
    hosts = load(text, 0);
    assert_true(known_hosts_next_key(hosts, name, &at, &key, &authority));
    assert_view_equal(key, host);
    assert_true(authority);
    assert_true(known_hosts_next_key(hosts, name, &at, &key, &authority));
    assert_view_equal(key, host);
    assert_false(authority);
    assert_true(known_hosts_next_key(hosts, name, &at, &key, &authority));
    assert_view_equal(key, other_host);
    assert_false(authority);
    assert_false(known_hosts_next_key(hosts, name, &at, &key, &authority));
    known_hosts_free(&hosts);
}

static void test_revoked(void **state)
{
    static const char *const markers[] = {"", "@cert-authority "};
    struct known_hosts *hosts;
    char text[4096];

    (void)state;
    for (size_t i = 0; i < COUNT(markers); i++) {
        snprintf(text, sizeof text, "%sa.example %s\n", markers[i], host_line);
        hosts = load(text, 0);
        assert_int_equal(count_keys(hosts, "a.example", host, i == 1), 1);
        known_hosts_free(&hosts);
        snprintf(text, sizeof text, "%sa.example %s\n@revoked b.example %s\n", markers[i],
                 host_line, host_line);
        hosts = load(text, 0);
        assert_int_equal(count_keys(hosts, "a.example", host, i == 1), 0);
        assert_int_equal(count_keys(hosts, "b.example", host, i == 1), 0);
        known_hosts_free(&hosts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hashed),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_revoked),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
