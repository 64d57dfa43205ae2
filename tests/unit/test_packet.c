/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/packet.c: what the prompt sends, by side_ipc.h's table. */
#include "unit.h"

#include "packet.h"

#define TICKET UINT64_C(0x0102030405060708)

static uint8_t bytes[SIDE_MAX + 1];

/* The first len bytes, in memory of their own; the packet's views then point into `bytes`. */
static enum err read_copy(size_t len, struct packet *ret)
{
    struct view copy = exact_copy(bytes, len);
    struct view *views[] = {&ret->public, &ret->certificate, &ret->comment};
    struct packet before;
    enum err err;

    memset(ret, 0x55, sizeof *ret);
    memcpy(&before, ret, sizeof before);
    err = packet_read(copy, ret);
    if (err != OK) {
        assert_memory_equal(ret, &before, sizeof before);
    }
    for (size_t i = 0; err == OK && i < COUNT(views); i++) {
        views[i]->data = views[i]->len > 0 ? bytes + (views[i]->data - copy.data) : NULL;
    }
    view_free(&copy);
    return err;
}

static struct wire_writer begin(uint8_t type)
{
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, type);
    put_u64(&w, TICKET);
    return w;
}

/* All of it is a packet; nothing shorter and nothing longer is. */
static struct packet read_exactly(const struct wire_writer *w)
{
    struct packet packet;

    assert_int_equal(w->err, OK);
    for (size_t len = 0; len < w->len; len++) {
        assert_int_equal(read_copy(len, &packet), ERR_MALFORMED);
    }
    bytes[w->len] = 0;
    assert_int_equal(read_copy(w->len + 1, &packet), ERR_MALFORMED);
    assert_int_equal(read_copy(w->len, &packet), OK);
    assert_int_equal(packet.type, bytes[0]);
    assert_true(packet.ticket == TICKET);
    return packet;
}

static struct wire_writer file_packet(size_t comment_len)
{
    static const uint8_t comment[SIDE_COMMENT_MAX + 1];
    struct wire_writer w = begin(SIDE_FILE);

    put_u8(&w, 1);
    put_u32(&w, 0x0a0b0c0d);
    put_text(&w, "public");
    put_text(&w, "certificate");
    put_string(&w, (struct view){comment, comment_len});
    return w;
}

static void test_file(void **state)
{
    struct wire_writer w = file_packet(5);
    struct packet packet = read_exactly(&w);

    (void)state;
    assert_true(packet.confirm);
    assert_int_equal(packet.life, 0x0a0b0c0d);
    assert_view_is(packet.public, "public");
    assert_view_is(packet.certificate, "certificate");
    assert_int_equal(packet.comment.len, 5);
    bytes[9] = 0;
    assert_int_equal(read_copy(w.len, &packet), OK);
    assert_false(packet.confirm);
}

static void test_too_big(void **state)
{
    struct packet packet;

    (void)state;
    assert_int_equal(read_copy(file_packet(SIDE_COMMENT_MAX).len, &packet), OK);
    assert_int_equal(read_copy(file_packet(SIDE_COMMENT_MAX + 1).len, &packet), ERR_TOO_BIG);
}

static void test_others(void **state)
{
    static const uint8_t types[] = {SIDE_PASSPHRASE, SIDE_DROP};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        struct wire_writer w = begin(types[i]);
        struct packet packet = read_exactly(&w);

        assert_false(packet.confirm);
        assert_int_equal(packet.life, 0);
        assert_int_equal(packet.public.len + packet.certificate.len + packet.comment.len, 0);
    }
}

static void test_unknown_types(void **state)
{
    struct packet packet;

    (void)state;
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        struct wire_writer w = begin((uint8_t)type);

        if (type != SIDE_FILE && type != SIDE_PASSPHRASE && type != SIDE_DROP) {
            assert_int_equal(read_copy(w.len, &packet), ERR_MALFORMED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_unknown_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
