/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/expected.c: keys that were removed one by one, and which of them make way. */
#include "unit.h"

#include <stdio.h>

#include "expected.h"
#include "fingerprint.h"

/* What of the next allocations fails; 0: none. */
static unsigned fault_countdown;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);

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

/* Both are gone when this returns. */
static enum err put(struct expected *keys, const char *blob, const char *comment)
{
    struct view blob_copy = exact_copy(blob, strlen(blob));
    struct view comment_copy = exact_copy(comment, strlen(comment));
    enum err err = expected_put(keys, blob_copy, comment_copy);

    view_free(&blob_copy);
    view_free(&comment_copy);
    return err;
}

/* The comments in their order, and that the bytes are counted. */
static void assert_keys(const struct expected *keys, const char *want)
{
    char text[256] = "";
    size_t bytes = 0;

    for (size_t i = 0; i < keys->count; i++) {
        const struct expected_key *key = &keys->list[i];
        size_t len = strlen(text);

        snprintf(text + len, sizeof text - len, "%s%.*s", i > 0 ? " " : "", (int)key->comment.len,
                 (const char *)key->comment.data);
        bytes += key->blob.len + key->comment.len;
        assert_ptr_equal(expected_find(keys, key->blob), key);
    }
    assert_string_equal(text, want);
    assert_int_equal(keys->bytes, bytes);
}

static void test_put_and_forget(void **state)
{
    struct expected keys = {0};
    const struct expected_key *key;
    char fingerprint_of[FINGERPRINT_MAX];

    (void)state;
    assert_null(expected_find(&keys, text_view("one")));
    expected_forget(&keys, text_view("one"));
    assert_int_equal(put(&keys, "one", "1"), OK);
    assert_int_equal(put(&keys, "two", "2"), OK);
    assert_int_equal(put(&keys, "three", ""), OK);
    assert_keys(&keys, "1 2 ");

    key = expected_find(&keys, text_view("two"));
    assert_non_null(key);
    assert_view_is(key->comment, "2");
    fingerprint_sha256(text_view("two"), fingerprint_of);
    assert_string_equal(key->sha256, fingerprint_of);
    assert_null(expected_find(&keys, text_view("tw")));
    assert_null(expected_find(&keys, text_view("2")));

    expected_forget(&keys, text_view("four"));
    assert_keys(&keys, "1 2 ");
    expected_forget(&keys, text_view("two"));
    assert_keys(&keys, "1 ");
    assert_null(expected_find(&keys, text_view("two")));
    expected_forget_all(&keys);
    assert_keys(&keys, "");
    assert_int_equal(put(&keys, "one", "again"), OK);
    assert_keys(&keys, "again");
    expected_forget_all(&keys);
    expected_forget_all(&keys);
}

/* Removed a second time: the newest, with the comment of then. */
static void test_put_again(void **state)
{
    struct expected keys = {0};

    (void)state;
    assert_int_equal(put(&keys, "one", "1"), OK);
    assert_int_equal(put(&keys, "two", "2"), OK);
    assert_int_equal(put(&keys, "one", "new"), OK);
    assert_keys(&keys, "2 new");
    /* Out of the list itself. */
    assert_int_equal(expected_put(&keys, keys.list[0].blob, keys.list[0].comment), OK);
    assert_keys(&keys, "new 2");
    expected_forget_all(&keys);
}

static void test_the_oldest_makes_way(void **state)
{
    struct expected keys = {0};
    char name[32];

    (void)state;
    for (unsigned i = 0; i < EXPECTED_MAX + 2; i++) {
        snprintf(name, sizeof name, "key %u", i);
        assert_int_equal(put(&keys, name, "comment"), OK);
    }
    assert_int_equal(keys.count, EXPECTED_MAX);
    assert_view_is(keys.list[0].blob, "key 2");
    assert_view_is(keys.list[EXPECTED_MAX - 1].blob, name);
    /* One that is there needs no room. */
    assert_int_equal(put(&keys, "key 2", "comment"), OK);
    assert_int_equal(keys.count, EXPECTED_MAX);
    assert_view_is(keys.list[0].blob, "key 3");
    expected_forget_all(&keys);
}

static void test_many_bytes(void **state)
{
    static uint8_t bytes[EXPECTED_BYTES_MAX + 1];
    struct view half = {bytes, EXPECTED_BYTES_MAX / 2};
    struct expected keys = {0};

    (void)state;
    assert_int_equal(put(&keys, "a", "1"), OK);
    assert_int_equal(put(&keys, "b", "2"), OK);
    assert_int_equal(expected_put(&keys, (struct view){bytes, sizeof bytes}, text_view("")),
                     ERR_TOO_BIG);
    assert_int_equal(expected_put(&keys, half, (struct view){bytes, sizeof bytes - half.len}),
                     ERR_TOO_BIG);
    assert_keys(&keys, "1 2");
    assert_int_equal(expected_put(&keys, (struct view){bytes, half.len - 2}, text_view("")), OK);
    assert_int_equal(keys.count, 3);
    assert_int_equal(expected_put(&keys, half, text_view("")), OK); /* all but two bytes */
    assert_int_equal(keys.count, 3);
    assert_view_is(keys.list[0].blob, "b");
    assert_int_equal(
        expected_put(&keys, (struct view){bytes, EXPECTED_BYTES_MAX - 1}, text_view("3")), OK);
    assert_int_equal(keys.count, 1);
    expected_forget_all(&keys);
}

static void test_no_memory(void **state)
{
    struct expected keys = {0};

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        enum err err;

        fault_countdown = i;
        err = expected_put(&keys, text_view("one"), text_view("1"));
        assert_int_equal(fault_countdown, 0);
        assert_int_equal(err, ERR_NO_MEMORY);
        assert_keys(&keys, "");
        expected_forget_all(&keys);
    }
    assert_int_equal(put(&keys, "one", "1"), OK);
    fault_countdown = 1;
    assert_int_equal(expected_put(&keys, text_view("one"), text_view("2")), ERR_NO_MEMORY);
    assert_keys(&keys, "1");
    expected_forget_all(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_forget),
        cmocka_unit_test(test_put_again),
        cmocka_unit_test(test_the_oldest_makes_way),
        cmocka_unit_test(test_many_bytes),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
