/* SPDX-License-Identifier: BSD-2-Clause */
/* include/wire.h: RFC 4251, section 5. Each byte is written out here by hand. */
#include "unit.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

/* Readers of one field, as the tables below take them. */
static void read_u8(struct wire_reader *r)
{
    wire_u8(r);
}

static void read_u32(struct wire_reader *r)
{
    wire_u32(r);
}

static void read_u64(struct wire_reader *r)
{
    wire_u64(r);
}

static void read_bool(struct wire_reader *r)
{
    wire_bool(r);
}

static void read_string(struct wire_reader *r)
{
    wire_string(r, 100);
}

static void read_mpint(struct wire_reader *r)
{
    wire_mpint(r, 100);
}

static void read_five(struct wire_reader *r)
{
    wire_bytes(r, 5);
}

static void test_every_reader_wants_every_byte(void **state)
{
    static const struct {
        void (*read)(struct wire_reader *r);
        size_t len;
        uint8_t bytes[8];
    } fields[] = {
        {read_u8, 1, {7}},
        {read_bool, 1, {1}},
        {read_u32, 4, {1, 2, 3, 4}},
        {read_u64, 8, {1, 2, 3, 4, 5, 6, 7, 8}},
        {read_string, 7, {0, 0, 0, 3, 'a', 'b', 'c'}},
        {read_string, 4, {0, 0, 0, 0}},
        {read_mpint, 6, {0, 0, 0, 2, 1, 0}},
        {read_mpint, 4, {0, 0, 0, 0}},
        {read_five, 5, {1, 2, 3, 4, 5}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        for (size_t len = 0; len <= fields[i].len + 1; len++) {
            uint8_t bytes[9] = {0};
            struct view input;
            struct wire_reader r;

            memcpy(bytes, fields[i].bytes, sizeof fields[i].bytes);
            input = exact_copy(bytes, len);
            r = wire_reader(input.data, input.len);
            fields[i].read(&r);
            if (len < fields[i].len) {
                assert_int_equal(r.err, ERR_MALFORMED);
                assert_int_equal(wire_end(&r), ERR_MALFORMED);
            } else {
                assert_int_equal(r.err, OK);
                assert_int_equal(r.left, len - fields[i].len);
                assert_int_equal(wire_end(&r), len == fields[i].len ? OK : ERR_MALFORMED);
            }
            view_free(&input);
        }
    }
}

static void test_values(void **state)
{
    const uint8_t bytes[] = {0xfe, 0,    1,    2,    0x80, 0x81, 0x82, 0x83, 0xff, 0xee,
                             0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0,    0,    0,    2,
                             'h',  'i',  0,    0,    0,    2,    0,    0x80, 9,    8};
    struct wire_reader r = wire_reader(bytes, sizeof bytes);

    (void)state;
    assert_int_equal(wire_u8(&r), 0xfe);
    assert_false(wire_bool(&r));
    assert_true(wire_bool(&r));
    assert_true(wire_bool(&r)); /* 2: everything but 0 is true */
    assert_int_equal(wire_u32(&r), 0x80818283U);
    assert_true(wire_u64(&r) == 0xffeeddccbbaa9988U);
    assert_view_is(wire_string(&r, 2), "hi");
    assert_view_equal(wire_mpint(&r, 2), ((struct view){BYTES(0x80), 1}));
    assert_view_equal(wire_rest(&r), ((struct view){BYTES(9, 8), 2}));
    assert_int_equal(wire_end(&r), OK);
}

static void test_a_string_has_a_cap(void **state)
{
    const uint8_t bytes[] = {0, 0, 0, 4, 'a', 'b', 'c', 'd'};
    struct wire_reader r = wire_reader(bytes, sizeof bytes);

    (void)state;
    assert_view_is(wire_string(&r, 4), "abcd");
    assert_int_equal(wire_end(&r), OK);

    r = wire_reader(bytes, sizeof bytes);
    assert_int_equal(wire_string(&r, 3).len, 0);
    assert_int_equal(r.err, ERR_TOO_BIG);

    /* Not even there: malformed, whatever the cap is. */
    r = wire_reader(bytes, sizeof bytes - 1);
    assert_int_equal(wire_string(&r, 3).len, 0);
    assert_int_equal(r.err, ERR_MALFORMED);
}

static void test_huge_lengths(void **state)
{
    static const uint8_t lengths[][4] = {
        {0xff, 0xff, 0xff, 0xff},
        {0xff, 0xff, 0xff, 0xfe},
        {0x80, 0, 0, 0},
        {0x7f, 0xff, 0xff, 0xff},
        {0, 0, 1, 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t bytes[4 + 255] = {0};
        struct view input;
        struct wire_reader r;

        memcpy(bytes, lengths[i], 4);
        input = exact_copy(bytes, sizeof bytes);
        r = wire_reader(input.data, input.len);
        assert_int_equal(wire_string(&r, SIZE_MAX).len, 0);
        assert_int_equal(r.err, ERR_MALFORMED);
        r = wire_reader(input.data, input.len);
        assert_int_equal(wire_mpint(&r, SIZE_MAX).len, 0);
        assert_int_equal(r.err, ERR_MALFORMED);
        view_free(&input);
    }
}

static void test_bytes_past_the_end(void **state)
{
    struct wire_reader r = wire_reader(BYTES(1, 2, 3), 3);

    (void)state;
    assert_int_equal(wire_bytes(&r, SIZE_MAX).len, 0);
    assert_int_equal(r.err, ERR_MALFORMED);
}

/* The first error stays, nothing is read after it, and every reader gives its empty value. */
static void test_errors_stick(void **state)
{
    const uint8_t bytes[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'c', 1, 2, 3, 4, 5, 6, 7, 8};
    struct wire_reader r = wire_reader(bytes, sizeof bytes);

    (void)state;
    wire_string(&r, 1);
    assert_int_equal(r.err, ERR_TOO_BIG);
    assert_int_equal(wire_u8(&r), 0);
    assert_int_equal(wire_u32(&r), 0);
    assert_true(wire_u64(&r) == 0);
    assert_false(wire_bool(&r));
    assert_int_equal(wire_bytes(&r, 1).len, 0);
    assert_int_equal(wire_string(&r, 100).len, 0);
    assert_int_equal(wire_mpint(&r, 100).len, 0);
    assert_int_equal(wire_rest(&r).len, 0);
    assert_int_equal(r.left, sizeof bytes - 4);
    assert_int_equal(wire_end(&r), ERR_TOO_BIG);

    /* Also when nothing is left. */
    r = wire_reader(bytes, 0);
    wire_u8(&r);
    assert_int_equal(wire_end(&r), ERR_MALFORMED);
}

static void test_nothing_at_all(void **state)
{
    struct wire_reader r = wire_reader(NULL, 0);

    (void)state;
    assert_int_equal(wire_end(&r), OK);
    assert_int_equal(wire_u8(&r), 0);
    assert_int_equal(wire_end(&r), ERR_MALFORMED);
}

static void test_mpint_rules(void **state)
{
    static const struct {
        uint8_t bytes[6]; /* length, then the number */
        size_t len;
        enum err err;
        uint8_t value[4];
        size_t value_len;
    } numbers[] = {
        {{0, 0}, 0, OK, {0}, 0},                                 /* zero is no byte at all */
        {{0}, 1, ERR_MALFORMED, {0}, 0},                         /* zero, needlessly */
        {{0x7f}, 1, OK, {0x7f}, 1},                              /* */
        {{0x80}, 1, ERR_MALFORMED, {0}, 0},                      /* -128 */
        {{0xff, 0xff}, 2, ERR_MALFORMED, {0}, 0},                /* -1 */
        {{0x00, 0x80}, 2, OK, {0x80}, 1},                        /* 128 */
        {{0x00, 0x7f}, 2, ERR_MALFORMED, {0}, 0},                /* 127, with a needless zero */
        {{0x00, 0x00, 0x80}, 3, ERR_MALFORMED, {0}, 0},          /* two of them */
        {{0x00, 0xff, 0x00, 0x01}, 4, OK, {0xff, 0x00, 0x01}, 3} /* */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint8_t bytes[10] = {0, 0, 0, (uint8_t)numbers[i].len};
        struct wire_reader r;
        struct view v;

        memcpy(bytes + 4, numbers[i].bytes, sizeof numbers[i].bytes);
        r = wire_reader(bytes, 4 + numbers[i].len);
        v = wire_mpint(&r, 4);
        assert_int_equal(r.err, numbers[i].err);
        assert_int_equal(wire_end(&r), numbers[i].err);
        assert_view_equal(v, ((struct view){numbers[i].value, numbers[i].value_len}));
    }
}

/* The cap counts the zero byte in front of a set top bit. */
static void test_an_mpint_has_a_cap(void **state)
{
    struct wire_reader r = wire_reader(BYTES(0, 0, 0, 3, 0, 0x80, 1), 7);

    (void)state;
    assert_int_equal(wire_mpint(&r, 3).len, 2);
    r = wire_reader(BYTES(0, 0, 0, 3, 0, 0x80, 1), 7);
    assert_int_equal(wire_mpint(&r, 2).len, 0);
    assert_int_equal(r.err, ERR_TOO_BIG);
}

static void test_views(void **state)
{
    const struct view none = {NULL, 0};
    const struct view abc = text_view("abc");

    (void)state;
    assert_true(view_is(abc, "abc"));
    assert_false(view_is(abc, "abcd"));
    assert_false(view_is(abc, "ab"));
    assert_false(view_is(abc, "abd"));
    assert_false(view_is(abc, ""));
    assert_true(view_is(none, ""));
    assert_false(view_is((struct view){(const uint8_t *)"ab\0c", 4}, "ab"));
    assert_true(view_equal(abc, text_view("abc")));
    assert_false(view_equal(abc, text_view("abd")));
    assert_false(view_equal(abc, text_view("ab")));
    assert_true(view_equal(none, none));
    assert_true(view_equal(none, text_view("")));
    assert_false(view_equal(none, abc));
}

static void write_everything(struct wire_writer *w)
{
    put_u8(w, 0xfe);
    put_u32(w, 0x01020304U);
    put_u64(w, 0x1122334455667788U);
    put_string(w, text_view("hi"));
    put_text(w, "abc");
    put_mpint(w, (struct view){BYTES(0, 0, 0x80, 1), 4});
    put_mpint(w, (struct view){BYTES(0, 0x7f), 2});
    put_mpint(w, (struct view){BYTES(0, 0), 2});
    put_mpint(w, (struct view){NULL, 0});
    put_string(w, (struct view){NULL, 0});
    put_bytes(w, "end", 3);
}

static void test_writers(void **state)
{
    /* The mpint 0x8001 has three bytes and 0x7f one. */
    static const uint8_t want[] = {
        0xfe, 1,    2,    3,    4,                               /* byte, uint32 */
        0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,          /* uint64 */
        0,    0,    0,    2,    'h',  'i',  0,    0,    0,    3, /* strings */
        'a',  'b',  'c',  0,    0,    0,    3,    0,    0x80, 1, /* mpints */
        0,    0,    0,    1,    0x7f, 0,    0,    0,    0,    0, /* */
        0,    0,    0,    0,    0,    0,    0,    'e',  'n',  'd',
    };
    uint8_t bytes[sizeof want + 1];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    write_everything(&w);
    assert_int_equal(w.err, OK);
    assert_view_equal(wire_written(&w), ((struct view){want, sizeof want}));
}

/* With one byte less than it takes, the error sticks and no byte past the end is written. */
static void test_writers_have_a_capacity(void **state)
{
    struct wire_writer measure;
    uint8_t room[200];

    (void)state;
    measure = wire_writer(room, sizeof room);
    write_everything(&measure);
    for (size_t cap = 0; cap <= measure.len; cap++) {
        struct view block = exact_copy(room, cap);
        struct wire_writer w;

        memset((void *)block.data, 0, cap);
        w = wire_writer((void *)block.data, cap);

        write_everything(&w);
        assert_int_equal(w.err, cap == measure.len ? OK : ERR_TOO_BIG);
        assert_true(w.len <= cap);
        assert_memory_equal(block.data, room, w.len);
        view_free(&block);
    }
}

static void test_writer_errors_stick(void **state)
{
    uint8_t bytes[4];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    put_bytes(&w, "abc", 3);
    put_bytes(&w, "de", 2);
    assert_int_equal(w.err, ERR_TOO_BIG);
    put_u8(&w, 'f'); /* would fit */
    assert_int_equal(w.err, ERR_TOO_BIG);
    assert_view_is(wire_written(&w), "abc");
}

/* A length that does not fit into a uint32 is refused before a byte of it is looked at. */
static void test_writers_refuse_what_has_no_length(void **state)
{
    uint8_t bytes[32];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    put_string(&w, (struct view){BYTES(1), (size_t)UINT32_MAX + 1});
    assert_int_equal(w.err, ERR_TOO_BIG);
    assert_int_equal(w.len, 0);

    w = wire_writer(bytes, sizeof bytes);
    put_mpint(&w, (struct view){BYTES(0x80), UINT32_MAX}); /* and a zero byte */
    assert_int_equal(w.err, ERR_TOO_BIG);
    assert_int_equal(w.len, 0);

    w = wire_writer(bytes, sizeof bytes);
    put_bytes(&w, BYTES(1), SIZE_MAX);
    assert_int_equal(w.err, ERR_TOO_BIG);
    assert_int_equal(w.len, 0);
}

static void test_u32_in_place(void **state)
{
    uint8_t bytes[4];

    (void)state;
    store_u32(bytes, 0xfedcba98U);
    assert_memory_equal(bytes, BYTES(0xfe, 0xdc, 0xba, 0x98), 4);
    assert_int_equal(load_u32(bytes), 0xfedcba98U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reader_wants_every_byte),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_a_string_has_a_cap),
        cmocka_unit_test(test_huge_lengths),
        cmocka_unit_test(test_bytes_past_the_end),
        cmocka_unit_test(test_errors_stick),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_mpint_rules),
        cmocka_unit_test(test_an_mpint_has_a_cap),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_writers),
        cmocka_unit_test(test_writers_have_a_capacity),
        cmocka_unit_test(test_writer_errors_stick),
        cmocka_unit_test(test_writers_refuse_what_has_no_length),
        cmocka_unit_test(test_u32_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
