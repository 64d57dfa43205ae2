/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mutator that knows what a length is: of the strings of SSH's wire format, and of DER. It
 * changes what is inside of one, and then all lengths around it are right again; and where an input
 * is a row of strings, it moves these. Without it, most of what libFuzzer makes ends at the first
 * length.
 */
#include "fuzz.h"

#define HEADER_MAX 4U /* bytes of a length */
#define DEPTH_MAX  16U

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* A length in the input, and the bytes that it counts. */
struct span {
    size_t at;     /* of the length */
    size_t header; /* its bytes */
    size_t len;    /* what it says */
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* A string of the wire format at this place? */
static bool find_string(const uint8_t *data, size_t size, size_t at, struct span *ret)
{
    if (size - at < 4 || load_u32(data + at) > size - at - 4) {
        return false;
    }
    *ret = (struct span){at, 4, load_u32(data + at)};
    return true;
}

/* The length of something in DER, whose tag stands before it? Of the tags, those that keys have. */
static bool find_der(const uint8_t *data, size_t size, size_t at, struct span *ret)
{
    static const uint8_t tags[] = {0x02, 0x03, 0x04, 0x06, 0x30, 0xa0, 0xa1};
    size_t header = 1;
    size_t len;

    if (at == 0 || size - at < 3 || memchr(tags, data[at - 1], sizeof tags) == NULL) {
        return false;
    }
    len = data[at];
    if (len == 0x81) {
        header = 2;
        len = data[at + 1];
    } else if (len == 0x82) {
        header = 3;
        len = (size_t)data[at + 1] << 8 | data[at + 2];
    }
    if (len == 0 || (header == 1 && len >= 0x80) || len > size - at - header) {
        return false;
    }
    *ret = (struct span){at, header, len};
    return true;
}

static bool find(const uint8_t *data, size_t size, size_t at, bool der, struct span *ret)
{
    return der ? find_der(data, size, at, ret) : find_string(data, size, at, ret);
}

static bool fits(const struct span *span, bool der, size_t len)
{
    return der ? len >= (span->header == 1 ? 0U : 0x80U) && len < (span->header == 1   ? 0x80U
                                                                   : span->header == 2 ? 0x100U
                                                                                       : 0x10000U)
               : len <= UINT32_MAX;
}

static void store(uint8_t *data, const struct span *span, bool der, size_t len)
{
    if (!der) {
        store_u32(data + span->at, (uint32_t)len);
    } else {
        for (size_t i = span->header; i > (span->header > 1 ? 1U : 0U); i--, len >>= 8) {
            data[span->at + i - 1] = (uint8_t)len;
        }
    }
}

/* The first length from a random place on; false if there is none. */
static bool choose(const uint8_t *data, size_t size, bool der, uint32_t *random, struct span *ret)
{
    size_t start = next_random(random) % size;

    for (size_t i = 0; i < size; i++) {
        if (find(data, size, (start + i) % size, der, ret)) {
            return true;
        }
    }
    return false;
}

/* Lengths around it, the outermost first. */
static size_t find_around(const uint8_t *data, size_t size, bool der, const struct span *inner,
                          struct span *ret)
{
    size_t count = 0;

    for (size_t at = 0; at < inner->at && count < DEPTH_MAX; at++) {
        struct span span;

        if (find(data, size, at, der, &span) && at + span.header <= inner->at - (der ? 1 : 0) &&
            at + span.header + span.len >= inner->at + inner->header + inner->len) {
            ret[count++] = span;
        }
    }
    return count;
}

/* Returns the new size; 0 if nothing could be done. */
static size_t mutate_inside(uint8_t *data, size_t size, size_t max_size, bool der, uint32_t *random)
{
    struct span around[DEPTH_MAX];
    struct span inner;
    size_t count;
    size_t start;
    size_t behind;
    size_t room;
    size_t len;
    uint8_t *copy;

    if (size == 0 || !choose(data, size, der, random, &inner)) {
        return 0;
    }
    room = max_size - (size - inner.len);
    count = find_around(data, size, der, &inner, around);
    start = inner.at + inner.header;
    behind = size - start - inner.len;
    copy = room > 0 ? malloc(room) : NULL; /* for no room it would make a byte */
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + start, inner.len);
    len = LLVMFuzzerMutate(copy, inner.len, room);
    if (len > room || !fits(&inner, der, len)) {
        free(copy);
        return 0;
    }
    memmove(data + start + len, data + start + inner.len, behind);
    memcpy(data + start, copy, len);
    free(copy);
    store(data, &inner, der, len);
    for (size_t i = 0; i < count; i++) {
        if (fits(&around[i], der, around[i].len + len - inner.len)) {
            store(data, &around[i], der, around[i].len + len - inner.len);
        }
    }
    return start + len + behind;
}

/* The next of a row of strings; false at its end. */
static bool next_of_row(const uint8_t *data, size_t size, size_t *at, struct span *ret)
{
    if (*at >= size || !find_string(data, size, *at, ret)) {
        return false;
    }
    *at += 4 + ret->len;
    return true;
}

/* One of the strings of a row, at random; false if the input is none. */
static bool choose_of_row(const uint8_t *data, size_t size, uint32_t *random, struct span *ret)
{
    size_t count = 0;
    size_t at = 0;
    struct span span;

    while (next_of_row(data, size, &at, &span)) {
        count++;
    }
    if (at != size || count < 2) {
        return false;
    }
    count = next_random(random) % count;
    at = 0;
    do {
        next_of_row(data, size, &at, ret);
    } while (count-- > 0);
    return true;
}

/* Leaves one string of a row out, or has a copy of it somewhere else in the row; as above. */
static size_t mutate_row(uint8_t *data, size_t size, size_t max_size, uint32_t *random)
{
    struct span one;
    struct span to;
    size_t len;
    uint8_t *copy;

    if (!choose_of_row(data, size, random, &one)) {
        return 0;
    }
    len = 4 + one.len;
    if (next_random(random) % 2 == 0) {
        memmove(data + one.at, data + one.at + len, size - one.at - len);
        return size - len;
    }
    copy = malloc(len);
    if (copy == NULL || len > max_size - size || !choose_of_row(data, size, random, &to)) {
        free(copy);
        return 0;
    }
    memcpy(copy, data + one.at, len);
    memmove(data + to.at + len, data + to.at, size - to.at);
    memcpy(data + to.at, copy, len);
    free(copy);
    return size + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint32_t random = seed;
    size_t made = 0;

    switch (next_random(&random) % 8) {
    case 0:
    case 1:
    case 2:
        made = mutate_inside(data, size, max_size, false, &random);
        break;
    case 3:
        made = mutate_inside(data, size, max_size, true, &random);
        break;
    case 4:
    case 5:
        made = mutate_row(data, size, max_size, &random);
        break;
    default:
        break;
    }
    return made > 0 ? made : LLVMFuzzerMutate(data, size, max_size);
}
