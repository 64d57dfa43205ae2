/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/request.c: the requests of the agent, by ipc.h's table. */
#include "unit.h"

#include "request.h"

#define REQUEST_MAX 4096

static uint8_t bytes[REQUEST_MAX];

static struct wire_writer begin(uint8_t op)
{
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, op);
    return w;
}

/* Of bytes of their own, so that ASan sees what is read past them. Views point into `bytes`. */
static enum err read_copy(size_t len, struct request *ret)
{
    struct view copy = exact_copy(bytes, len);
    struct view *views[] = {&ret->message, &ret->qube, &ret->data, &ret->passphrase};
    struct request before;
    enum err err;

    memset(ret, 0x55, sizeof *ret);
    memcpy(&before, ret, sizeof before);
    err = request_read(copy, ret);
    if (err != OK) {
        assert_memory_equal(ret, &before, sizeof before);
    }
    for (size_t i = 0; err == OK && i < COUNT(views); i++) {
        if (views[i]->data != NULL) {
            views[i]->data = bytes + (views[i]->data - copy.data);
        }
    }
    view_free(&copy);
    return err;
}

/* All of it is a request; nothing shorter and nothing longer is. */
static struct request read_exactly(const struct wire_writer *w)
{
    struct request request;

    assert_int_equal(w->err, OK);
    for (size_t len = 0; len < w->len; len++) {
        assert_int_equal(read_copy(len, &request), ERR_MALFORMED);
    }
    bytes[w->len] = 0;
    assert_int_equal(read_copy(w->len + 1, &request), ERR_MALFORMED);
    assert_int_equal(read_copy(w->len, &request), OK);
    assert_int_equal(request.op, bytes[0]);
    return request;
}

static void test_unknown_ops(void **state)
{
    struct request request;

    (void)state;
    for (unsigned op = 0; op <= UINT8_MAX; op++) {
        struct wire_writer w = begin((uint8_t)op);

        if (op < IPC_ADD || op > IPC_UNSEAL) {
            assert_int_equal(read_copy(w.len, &request), ERR_MALFORMED);
        }
    }
    assert_int_equal(read_copy(0, &request), ERR_MALFORMED);
}

static void test_add(void **state)
{
    struct wire_writer w = begin(IPC_ADD);
    struct request request;

    (void)state;
    put_u32(&w, 0x01020304);
    put_u8(&w, 1);
    put_u32(&w, 0x05060708);
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(read_copy(len, &request), ERR_MALFORMED);
    }
    assert_int_equal(read_copy(w.len, &request), OK); /* what is missing is a client's fault */
    assert_int_equal(request.message.len, 0);
    put_bytes(&w, "message", 7);
    assert_int_equal(read_copy(w.len, &request), OK);
    assert_int_equal(request.agent, 0x01020304);
    assert_true(request.constrained);
    assert_int_equal(request.default_life, 0x05060708);
    assert_view_is(request.message, "message");
    bytes[5] = 0;
    assert_int_equal(read_copy(w.len, &request), OK);
    assert_false(request.constrained);
}

static void test_add_file(void **state)
{
    struct wire_writer w = begin(IPC_ADD_FILE);
    struct request request;

    (void)state;
    put_u32(&w, 0x01020304);
    put_u64(&w, 0x05060708090a0b0c);
    put_u32(&w, 0x0d0e0f10);
    request = read_exactly(&w);
    assert_int_equal(request.agent, 0x01020304);
    assert_int_equal(request.ticket, 0x05060708090a0b0c);
    assert_int_equal(request.default_life, 0x0d0e0f10);
}

static void put_sign(struct wire_writer *w, const char *qube, const void *approval, size_t len)
{
    *w = begin(IPC_SIGN);
    put_u64(w, 0x0102030405060708);
    put_u32(w, 0x090a0b0c);
    put_text(w, qube);
    put_string(w, (struct view){approval, len});
}

static void test_sign(void **state)
{
    static const uint8_t approval[APPROVAL_SIZE] = {1, 0, 0, 0, 0, 0, 0, 2, 3, 4, [40] = 5};
    struct wire_writer w;
    struct request request;

    (void)state;
    put_sign(&w, "a-qube", approval, sizeof approval);
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(read_copy(len, &request), ERR_MALFORMED);
    }
    put_bytes(&w, "data", 4);
    assert_int_equal(read_copy(w.len, &request), OK);
    assert_int_equal(request.id, 0x0102030405060708);
    assert_int_equal(request.flags, 0x090a0b0c);
    assert_view_is(request.qube, "a-qube");
    assert_true(request.has_approval);
    assert_int_equal(request.approval.kind, 1);
    assert_int_equal(request.approval.expiry, 0x203);
    assert_memory_equal(request.approval.mac, approval + 9, APPROVAL_MAC_SIZE);
    assert_view_is(request.data, "data");
}

static void test_sign_without_approval(void **state)
{
    struct wire_writer w;
    struct request request;

    (void)state;
    put_sign(&w, "", NULL, 0);
    assert_int_equal(read_copy(w.len, &request), OK);
    assert_false(request.has_approval);
    assert_int_equal(request.qube.len, 0);
    assert_int_equal(request.data.len, 0);
}

static void test_sign_with_what_is_no_approval(void **state)
{
    static const uint8_t approval[APPROVAL_SIZE + 1] = {1};
    struct wire_writer w;
    struct request request;

    (void)state;
    for (size_t len = 1; len < APPROVAL_SIZE; len++) {
        put_sign(&w, "", approval, len);
        assert_int_equal(read_copy(w.len, &request), ERR_MALFORMED);
    }
    put_sign(&w, "", approval, sizeof approval);
    assert_int_equal(read_copy(w.len, &request), ERR_TOO_BIG);
}

static void test_numbers(void **state)
{
    struct wire_writer w = begin(IPC_UNSEAL);
    struct request request;

    (void)state;
    put_u64(&w, 0x0102030405060708);
    put_u64(&w, 0x090a0b0c0d0e0f10);
    request = read_exactly(&w);
    assert_int_equal(request.id, 0x0102030405060708);
    assert_int_equal(request.ticket, 0x090a0b0c0d0e0f10);

    w = begin(IPC_REMOVE);
    put_u64(&w, 0x0102030405060708);
    assert_int_equal(read_exactly(&w).id, 0x0102030405060708);

    w = begin(IPC_REMOVE_ALL);
    put_u32(&w, 0x01020304);
    assert_int_equal(read_exactly(&w).agent, 0x01020304);

    w = begin(IPC_EXPIRE);
    read_exactly(&w);
}

static void test_passphrases(void **state)
{
    static const uint8_t ops[] = {IPC_LOCK, IPC_UNLOCK};
    static const uint8_t longest[PASSPHRASE_MAX + 1] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(ops); i++) {
        struct wire_writer w = begin(ops[i]);
        struct request request;

        put_text(&w, "passphrase");
        request = read_exactly(&w);
        assert_view_is(request.passphrase, "passphrase");
        w = begin(ops[i]);
        put_string(&w, (struct view){longest, PASSPHRASE_MAX});
        assert_int_equal(read_exactly(&w).passphrase.len, PASSPHRASE_MAX);
        w = begin(ops[i]);
        put_string(&w, (struct view){longest, PASSPHRASE_MAX + 1});
        assert_int_equal(read_copy(w.len, &request), ERR_TOO_BIG);
    }
}

static void test_revoke(void **state)
{
    static const uint8_t name[QUBE_NAME_MAX + 1] = {0};
    struct wire_writer w = begin(IPC_REVOKE);
    struct request request;

    (void)state;
    put_u8(&w, 1);
    put_text(&w, "a-qube");
    request = read_exactly(&w);
    assert_true(request.all);
    assert_view_is(request.qube, "a-qube");
    w = begin(IPC_REVOKE);
    put_u8(&w, 0);
    put_string(&w, (struct view){name, sizeof name - 1});
    request = read_exactly(&w);
    assert_false(request.all);
    assert_int_equal(request.qube.len, QUBE_NAME_MAX);
    w = begin(IPC_REVOKE);
    put_u8(&w, 0);
    put_string(&w, (struct view){name, sizeof name});
    assert_int_equal(read_copy(w.len, &request), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_ops),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_add_file),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_sign_without_approval),
        cmocka_unit_test(test_sign_with_what_is_no_approval),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_passphrases),
        cmocka_unit_test(test_revoke),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
