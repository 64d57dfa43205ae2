/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/policy_file.c without memory, at each place where it wants some. */
#include "policy_text.h"

static unsigned countdown; /* 1: the next allocation fails */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

static void test_each_allocation(void **state)
{
    static const char text[] = "[DEFAULT]\nuses = 3\nkeys = a, b\n[client:dev]\nnotify = no\n";
    const struct policy_text file = {FILE_PATH, {(const uint8_t *)text, sizeof text - 1}};
    struct policy *policy = NULL;
    unsigned failed = 0;

    (void)state;
    for (enum err err = ERR_NO_MEMORY; err != OK; failed++) {
        char error[POLICY_ERROR_MAX] = "";

        countdown = failed + 1;
        err = policy_parse(&file, 1, &policy, error);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_null(policy);
            assert_non_null(strstr(error, "memory"));
            assert_int_equal(countdown, 0);
        }
    }
    assert_true(countdown > 0); /* it had all that it wanted */
    countdown = 0;
    assert_true(failed > 3 * 2 + POLICY_WORDS); /* sections, entries, the words' defaults */
    policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
