/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/known_hosts.c: long names, large files, rubbish, and no memory. */
#include "known_hosts_files.h"

/* What of the next allocations fails; 0: none. */
static unsigned fault_countdown;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_reallocarray(void *p, size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);

static bool fails(void)
{
    return fault_countdown > 0 && --fault_countdown == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
    return fails() ? NULL : __real_reallocarray(p, count, n);
}

/* A key of a type that is not ours: nobody can prove it, but a file may have it. */
static void test_foreign_types(void **state)
{
    uint8_t bytes[HOST_KEY_MAX + 1] = {0};
    char base64[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_ORIGINAL)];
    char text[sizeof base64 + 64];

    (void)state;
    for (size_t len = HOST_KEY_MAX; len <= HOST_KEY_MAX + 1; len++) {
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        struct known_hosts *hosts;

        put_text(&w, "ssh-future");
        sodium_bin2base64(base64, sizeof base64, bytes, len, sodium_base64_VARIANT_ORIGINAL);
        snprintf(text, sizeof text, "a.example ssh-future %s\n", base64);
        hosts = load(text, len > HOST_KEY_MAX);
        assert_int_equal(is_known(hosts, (struct view){bytes, len}), len <= HOST_KEY_MAX);
        assert_int_equal(matches(hosts, (struct view){bytes, len}, "a.example"),
                         len <= HOST_KEY_MAX);
        known_hosts_free(&hosts);
    }
}

static void test_room_for_names(void **state)
{
    struct known_hosts *hosts = load_line("one,longer,two", host_line, "");
    bool known;

    (void)state;
    for (size_t cap = 1; cap <= 20; cap++) {
        char *names = malloc(cap);
        const char *want = cap >= 17   ? "one, longer, two"
                           : cap >= 12 ? "one, longer"
                           : cap >= 9  ? "one, two"
                           : cap >= 4  ? "one"
                                       : "";

        assert_non_null(names);
        known = false;
        assert_int_equal(known_hosts_names(hosts, host, NOW, names, cap, &known), cap >= 17  ? 3
                                                                                  : cap >= 9 ? 2
                                                                                  : cap >= 4 ? 1
                                                                                             : 0);
        assert_string_equal(names, want);
        assert_true(known);
        free(names);
    }
    known_hosts_free(&hosts);
}

/* A list with an exclusion has an end; one without has none. */
static void test_long_list_that_excludes(void **state)
{
    (void)state;
    for (size_t len = 4096; len <= 4097; len++) {
        for (int excludes = 0; excludes < 2; excludes++) {
            struct known_hosts *hosts;
            char text[8192];

            memset(text, ',', len);
            text[0] = 'a';
            text[2] = excludes ? '!' : 'b';
            snprintf(text + len, sizeof text - len, " %s\n", host_line);
            hosts = load(text, excludes && len > 4096);
            assert_int_equal(matches(hosts, host, "a"), !excludes || len <= 4096);
            known_hosts_free(&hosts);
        }
    }
}

static void test_long_names(void **state)
{
    char list[1024];
    char shown[HOST_MAX + 1];

    (void)state;
    for (int len = (int)HOST_MAX; len <= (int)HOST_MAX + 1; len++) {
        struct known_hosts *hosts;

        memset(list, 'a', sizeof list);
        list[len] = '\0';
        memset(shown, 'a', HOST_MAX);
        shown[HOST_MAX] = '\0';
        hosts = load_line(list, host_line, "");
        assert_names(hosts, host, len <= (int)HOST_MAX ? shown : "");
        assert_int_equal(matches(hosts, host, list), len <= (int)HOST_MAX);
        known_hosts_free(&hosts);
    }
}

static void test_rubbish(void **state)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = {4};
    static uint8_t bytes[1 << 20];
    struct known_hosts *hosts = known_hosts_new();
    size_t skipped = 0;

    (void)state;
    randombytes_buf_deterministic(bytes, sizeof bytes, seed);
    assert_int_equal(known_hosts_add(hosts, (struct view){bytes, sizeof bytes}, &skipped), OK);
    assert_true(skipped > 100);
    assert_false(is_known(hosts, (struct view){bytes, 51}));
    assert_false(is_known(hosts, (struct view){bytes, sizeof bytes}));
    assert_false(known_hosts_is_revoked(hosts, (struct view){bytes, sizeof bytes}));
    assert_false(matches(hosts, (struct view){NULL, 0}, "*"));
    known_hosts_free(&hosts);
}

/* As large as a file may be: many lines, and one line. */
static void test_large(void **state)
{
    char *text = malloc(KNOWN_HOSTS_MAX);
    struct known_hosts *hosts;
    size_t len = 0;
    size_t count = 0;

    (void)state;
    assert_non_null(text);
    while (len + 512 < KNOWN_HOSTS_MAX) {
        len += (size_t)snprintf(text + len, KNOWN_HOSTS_MAX - len, "host%zu.example %s\n", count,
                                count == 9999 ? host_line : other_line);
        count++;
    }
    assert_true(count > 10000);
    hosts = load(text, 0);
    assert_names(hosts, host, "host9999.example");
    assert_true(matches(hosts, other_host, "host1.example"));
    assert_false(matches(hosts, unknown_host, "*"));
    known_hosts_free(&hosts);

    memset(text, 'a', KNOWN_HOSTS_MAX);
    for (size_t i = 7; i < KNOWN_HOSTS_MAX - 512; i += 8) {
        text[i] = ',';
    }
    snprintf(text + KNOWN_HOSTS_MAX - 512, 512, ",last.example %s", host_line);
    hosts = load(text, 0);
    assert_names(hosts, host, "aaaaaaa, last.example");
    assert_true(matches(hosts, host, "last.example"));
    known_hosts_free(&hosts);
    free(text);
}

static void test_no_memory(void **state)
{
    char text[4096];
    size_t skipped = 99;
    struct known_hosts *hosts;
    unsigned n = 0;
    enum err err;

    (void)state;
    snprintf(text, sizeof text, "a.example %s\nrubbish\nb.example %s\n", host_line, other_line);
    do {
        n++;
        fault_countdown = n;
        hosts = known_hosts_new();
        err = hosts == NULL ? ERR_NO_MEMORY : known_hosts_add(hosts, text_view(text), &skipped);
        if (fault_countdown == 0) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_int_equal(skipped, 99);
        }
        known_hosts_free(&hosts);
    } while (fault_countdown == 0);
    fault_countdown = 0;
    assert_int_equal(err, OK);
    assert_int_equal(skipped, 1);
    assert_int_equal(n, 5); /* the struct, its entries, two lines; and then none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_types),
        cmocka_unit_test(test_room_for_names),
        cmocka_unit_test(test_long_list_that_excludes),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
