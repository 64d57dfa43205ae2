/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests have in common: cmocka with the headers that it wants, and views. */
#ifndef SPLIT_SSH_TESTS_UNIT_H
#define SPLIT_SSH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline struct view text_view(const char *text)
{
    return (struct view){.data = (const uint8_t *)text, .len = strlen(text)};
}

/*
 * A copy in a heap block of exactly its size, so that ASan reports a read of one byte more. The
 * caller frees the data.
 */
static inline struct view exact_copy(const void *data, size_t len)
{
    uint8_t *copy;

    assert_true(len < SIZE_MAX / 2);   /* gcc at -O3 thinks of negative lengths */
    copy = reallocarray(NULL, len, 1); /* a block for no bytes too */
    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return (struct view){.data = copy, .len = len};
}

static inline void view_free(struct view *v)
{
    free((void *)v->data);
    *v = (struct view){NULL, 0};
}

#define assert_view_is(v, text) assert_view_equal(v, text_view(text))

#define assert_view_equal(a, b)                                                                    \
    do {                                                                                           \
        struct view left_view = (a);                                                               \
        struct view right_view = (b);                                                              \
        assert_int_equal(left_view.len, right_view.len);                                           \
        if (left_view.len > 0) {                                                                   \
            assert_memory_equal(left_view.data, right_view.data, left_view.len);                   \
        }                                                                                          \
    } while (0)

#endif
