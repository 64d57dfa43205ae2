/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/assembly.c: a client's bytes, in pieces, into memory that grows with what has come. */
#include "unit.h"

#include "assembly.h"

static uint8_t memory[FRAME_MAX];

static enum err take_header(struct assembly *in, const void *bytes, size_t n)
{
    struct room room = header_room(in);

    assert_ptr_equal(room.at, in->header + in->header_have);
    assert_int_equal(room.len, FRAME_HEADER - in->header_have);
    memcpy(room.at, bytes, n);
    return header_add(in, n);
}

static void test_descriptor(void **state)
{
    (void)state;
    assert_int_equal(descriptor_end("", 0), 0);
    assert_int_equal(descriptor_end("", 1), 0);
    assert_int_equal(descriptor_end("abc", 3), 3);
    assert_int_equal(descriptor_end("abc", 4), 3);
    assert_int_equal(descriptor_end("a\0b", 4), 1);
}

static void test_header(void **state)
{
    struct assembly in = {.body_len = 7};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(take_header(&in, &"\0\0\1\2"[i], 1), OK);
        assert_int_equal(in.body_len, 7); /* the last frame's, until this is whole */
    }
    assert_int_equal(take_header(&in, "t", 1), OK);
    assert_int_equal(in.header_have, FRAME_HEADER);
    assert_int_equal(in.header[4], 't');
    assert_int_equal(in.body_len, 0x101);
    header_forget(&in);
    assert_int_equal(take_header(&in, "\0\0\0\1t", 5), OK);
    assert_int_equal(in.body_len, 0);
}

static void test_lengths(void **state)
{
    static const struct {
        uint32_t len;
        enum err err;
    } table[] = {{0, ERR_MALFORMED},
                 {FRAME_MAX, OK},
                 {FRAME_MAX + 1, ERR_TOO_BIG},
                 {UINT32_MAX, ERR_TOO_BIG}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct assembly in = {.body_len = 7};
        uint8_t header[FRAME_HEADER] = {0};

        store_u32(header, table[i].len);
        assert_int_equal(take_header(&in, header, sizeof header), table[i].err);
        assert_int_equal(in.body_len, table[i].err == OK ? FRAME_MAX - 1 : 7);
    }
}

/* Memory is never far ahead of what has come, and in the end it is as much as the frame needs. */
static void test_memory(void **state)
{
    struct assembly in = {.body_len = FRAME_MAX - 1};
    bool whole = false;

    (void)state;
    while (!whole) {
        size_t cap = body_next_cap(&in);
        struct room room;

        assert_in_range(cap, in.body_have + 1, FRAME_MAX - 1);
        assert_in_range(cap, 1, in.body_have == 0 ? 4096 : 4 * in.body_have);
        body_place(&in, memory, cap);
        assert_int_equal(body_next_cap(&in), cap); /* there is room */
        room = body_room(&in);
        assert_ptr_equal(room.at, memory + in.body_have);
        assert_int_equal(room.len, cap - in.body_have);
        assert_false(body_add(&in, room.len - 1));
        whole = body_add(&in, 1);
    }
    assert_int_equal(in.body_have, FRAME_MAX - 1);
    body_forget(&in);
    assert_null(in.body);
    assert_int_equal(in.body_have + in.body_cap, 0);
    assert_int_equal(in.body_len, FRAME_MAX - 1);
}

/* Never past the frame, where what was placed is larger. */
static void test_room_of_small(void **state)
{
    struct assembly in = {.body_len = 10};

    (void)state;
    assert_int_equal(body_next_cap(&in), 10);
    body_place(&in, memory, 100);
    assert_int_equal(body_room(&in).len, 10);
    assert_false(body_add(&in, 3));
    assert_int_equal(body_room(&in).len, 7);
    assert_ptr_equal(body_room(&in).at, memory + 3);
    assert_true(body_add(&in, 7));
}

static void test_dropped(void **state)
{
    uint8_t scrap[4];
    struct assembly in = {.body_len = 10};

    (void)state;
    assert_ptr_equal(body_scrap(&in, scrap, sizeof scrap).at, scrap);
    for (size_t left = 10; left > 0;) {
        size_t n = body_scrap(&in, scrap, sizeof scrap).len;

        assert_int_equal(n, left < sizeof scrap ? left : sizeof scrap);
        left -= n;
        assert_int_equal(body_add(&in, n), left == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor),    cmocka_unit_test(test_header),
        cmocka_unit_test(test_lengths),       cmocka_unit_test(test_memory),
        cmocka_unit_test(test_room_of_small), cmocka_unit_test(test_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
