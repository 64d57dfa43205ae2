/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_H
#define FUZZ_H

/* What all targets share. */
#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

/* A target, called for each input; returns 0. The input's memory ends where its bytes do. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input, where a target has it; returns 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A property that holds for every input. Unlike assert() it is there in every build. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Are the bytes of inner bytes of outer? */
static inline bool view_inside(struct view inner, struct view outer)
{
    return inner.len == 0 || (inner.data >= outer.data && inner.len <= outer.len &&
                              (size_t)(inner.data - outer.data) <= outer.len - inner.len);
}

/* Are all n bytes still what memset(of, byte, n) made them? */
static inline bool is_untouched(const void *of, uint8_t byte, size_t n)
{
    const uint8_t *bytes = of;

    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != byte) {
            return false;
        }
    }
    return true;
}

/* Text of several parts, with a byte between that no text has. Takes the next; empty at the end. */
#define PART_END 0xff

static inline struct view take_part(struct view *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, PART_END, rest->len) : NULL;
    struct view part = {rest->data, end == NULL ? rest->len : (size_t)(end - rest->data)};
    size_t taken = part.len + (end == NULL ? 0 : 1);

    rest->data += taken;
    rest->len -= taken;
    return part;
}

/* A copy that ends where its memory does, so that a byte past it is noticed. view_free() it. */
static inline struct view view_copy(struct view of)
{
    uint8_t *copy = malloc(of.len > 0 ? of.len : 1);

    CHECK(copy != NULL);
    if (of.len > 0) {
        memcpy(copy, of.data, of.len);
    }
    return (struct view){copy, of.len};
}

static inline void view_free(struct view *copy)
{
    free((void *)copy->data);
    *copy = (struct view){0};
}

/* Is the text, of cap bytes, printable ASCII up to its NUL? */
static inline bool is_printable(const char *text, size_t cap)
{
    const char *end = memchr(text, '\0', cap);

    for (const char *at = text; end != NULL && at < end; at++) {
        if (*at < ' ' || *at > '~') {
            return false;
        }
    }
    return end != NULL;
}

#endif
