/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/serve.c: the requests of ipc.h, to the real program. */
#include "all_kinds.h"
#include "clock.h"
#include "keystore_process.h"

#define MESSAGE_MAX 8192

static int start(void **state)
{
    (void)state;
    all_kinds_make();
    return 0;
}

/* An ADD message with what follows the comment. */
static struct view message_with(size_t kind, const char *constraints, size_t len)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_add(&w, &files[kind], text_view("comm\xe9nt"));
    put_bytes(&w, constraints, len);
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static struct view message(size_t kind)
{
    return message_with(kind, "", 0);
}

static uint64_t add(size_t kind)
{
    return read_added(keystore_add(&keystore, false, 0, message(kind))).id;
}

/* SIGN's answer is `string signature`, with a signature of this kind of key. */
static void check_signature(struct reply reply, size_t kind, struct view data)
{
    struct wire_reader r = wire_reader(reply.body.data, reply.body.len);
    struct view signature = wire_string(&r, IPC_MAX);
    const char *name = kind == 1 ? "rsa-sha2-512" : keygen_kinds[kind].ssh_name;

    assert_int_equal(reply.err, OK);
    assert_int_equal(wire_end(&r), OK);
    assert_true(is_signature(signature, name, publics[kind], files[kind].field[0].data, data));
}

static void test_hello(void **state)
{
    (void)state;
    assert_true(keystore.memory.len > strlen("memfd_secret, "));
    assert_true(memcmp(keystore.memory.data, "memfd_secret, ", 14) == 0 ||
                memcmp(keystore.memory.data, "mlock, ", 7) == 0);
    assert_true(keystore.sandbox.len > 0);
}

static void test_add_sign_remove(void **state)
{
    const struct view data = text_view("what ssh signs");

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct added added = read_added(keystore_add(&keystore, false, 0, message(kind)));
        uint64_t id = added.id;

        assert_int_equal(added.deadline, 0);
        assert_int_equal(added.flags, 0);
        assert_view_equal(added.blob, files[kind].blob);
        assert_view_is(added.comment, "comm\xe9nt");
        assert_int_equal(added.destinations.len, 0);
        check_signature(keystore_sign(&keystore, id, 4, data), kind, data);
        assert_int_equal(keystore_sign(&keystore, id, 8, data).err, ERR_SIGN_FLAGS);
        assert_int_equal(keystore_sign(&keystore, id ^ 1, 4, data).err, ERR_NOT_FOUND);
        assert_int_equal(keystore_remove(&keystore, id), OK);
        assert_int_equal(keystore_remove(&keystore, id), ERR_NOT_FOUND);
        assert_int_equal(keystore_sign(&keystore, id, 4, data).err, ERR_NOT_FOUND);
    }
}

static void test_certificates(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        uint8_t bytes[MESSAGE_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        struct added added;
        uint64_t plain = add(kind);

        put_add_certificate(&w, &files[kind], certificates[kind], text_view("cert"));
        added = read_added(keystore_add(&keystore, false, 0, wire_written(&w)));
        assert_view_equal(added.blob, certificates[kind]);
        assert_true(added.id != plain); /* beside its key, not in its place */
        check_signature(keystore_sign(&keystore, added.id, 4, text_view("x")), kind,
                        text_view("x"));
    }
}

static void test_add_again(void **state)
{
    uint64_t id = add(0);
    struct added added = read_added(keystore_add(&keystore, true, 0, message_with(0, "\2", 1)));

    (void)state;
    assert_true(added.id == id);
    assert_int_equal(added.flags, IPC_KEY_CONFIRM);
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, ERR_CONFIRM);
    assert_true(add(0) == id);
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, OK);
    assert_int_equal(keystore_clear(&keystore, 0), OK);
    assert_true(add(0) != id);
}

static void test_remove_all(void **state)
{
    uint64_t ids[KINDS];

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        ids[kind] = add(kind);
    }
    assert_int_equal(keystore_clear(&keystore, 0), OK);
    for (size_t kind = 0; kind < KINDS; kind++) {
        assert_int_equal(keystore_remove(&keystore, ids[kind]), ERR_NOT_FOUND);
    }
    assert_int_equal(keystore_clear(&keystore, 0), OK);
}

/* The same key in two agents is two keys, which come and go by themselves. */
static void test_agents(void **state)
{
    static const uint32_t agents[] = {0, 1, 7, UINT32_MAX};
    uint64_t ids[COUNT(agents)];

    (void)state;
    for (size_t i = 0; i < COUNT(agents); i++) {
        struct view constrained = message_with(0, "\2", i == 2);
        struct added added =
            read_added(keystore_add_for(&keystore, agents[i], true, 0, constrained));

        assert_int_equal(added.flags, i == 2 ? IPC_KEY_CONFIRM : 0);
        assert_view_equal(added.blob, files[0].blob);
        ids[i] = added.id;
        for (size_t j = 0; j < i; j++) {
            assert_true(ids[j] != ids[i]);
        }
    }
    assert_int_equal(keystore_sign(&keystore, ids[2], 0, text_view("x")).err, ERR_CONFIRM);
    assert_int_equal(keystore_clear(&keystore, 2), OK); /* has none */
    assert_int_equal(keystore_clear(&keystore, 1), OK);
    for (size_t i = 0; i < COUNT(agents); i++) {
        static const enum err errs[] = {OK, ERR_NOT_FOUND, ERR_CONFIRM, OK};

        assert_int_equal(keystore_sign(&keystore, ids[i], 0, text_view("x")).err, errs[i]);
    }
    /* Again: each one's own is replaced. */
    assert_true(read_added(keystore_add_for(&keystore, 7, false, 0, message(0))).id == ids[2]);
    assert_int_equal(keystore_sign(&keystore, ids[2], 0, text_view("x")).err, OK);
    assert_int_equal(keystore_remove(&keystore, ids[0]), OK);
    check_signature(keystore_sign(&keystore, ids[3], 0, text_view("x")), 0, text_view("x"));
}

/* A key for which somebody has to be asked does not sign by itself, whatever else holds. */
static void test_confirm(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct view both = message_with(kind, "\2\1\0\1\0\0", 6);
        struct added added = read_added(keystore_add(&keystore, true, 0, both));

        assert_int_equal(added.flags, IPC_KEY_CONFIRM);
        assert_true(added.deadline != 0);
        for (uint32_t flags = 0; flags <= 6; flags += 2) {
            assert_int_equal(keystore_sign(&keystore, added.id, flags, text_view("x")).err,
                             ERR_CONFIRM);
        }
    }
}

/* A life in the message counts, not the default. */
static void test_deadlines(void **state)
{
    static const struct {
        const char *constraints;
        size_t len;
        uint32_t default_life, life;
    } lives[] = {
        {"", 0, 0, 0},
        {"", 0, 600, 600},
        {"\1\0\0\1\0", 5, 0, 256},
        {"\1\0\0\1\0", 5, 600, 256},
        {"\1\0\0\1\0", 5, 100, 256},
        {"\1\xff\xff\xff\xff", 5, 600, UINT32_MAX},
        {"", 0, UINT32_MAX, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct view with = message_with(0, lives[i].constraints, lives[i].len);
        uint64_t before = boottime_ms();
        struct added added = read_added(keystore_add(&keystore, true, lives[i].default_life, with));
        uint64_t life = (uint64_t)lives[i].life * 1000;

        if (life == 0) {
            assert_int_equal(added.deadline, 0);
        } else {
            assert_true(added.deadline >= before + life);
            assert_true(added.deadline <= boottime_ms() + life);
        }
        assert_int_equal(keystore_sign(&keystore, added.id, 0, text_view("x")).err, OK);
    }
}

static void test_a_life_of_nothing(void **state)
{
    struct view with = message_with(0, "\1\0\0\0\0", 5);
    struct added added = read_added(keystore_add(&keystore, true, 600, with));

    (void)state;
    assert_true(added.deadline != 0);
    assert_int_equal(keystore_sign(&keystore, added.id, 0, text_view("x")).err, ERR_NOT_FOUND);
}

/* Gone when its second is over, and not before. */
static void test_a_life_of_a_second(void **state)
{
    struct added added =
        read_added(keystore_add(&keystore, true, 0, message_with(0, "\1\0\0\0\1", 5)));
    uint64_t other = add(2);
    const struct timespec interval = {.tv_nsec = 10000000};
    uint64_t deadline = added.deadline;
    uint64_t id = added.id;
    uint64_t asked;

    (void)state;
    do {
        nanosleep(&interval, NULL);
        asked = boottime_ms();
        assert_int_equal(keystore_request(&keystore, IPC_EXPIRE, NO_BODY).err, OK);
        assert_true(asked < deadline + (uint64_t)PATIENCE_S * 1000);
    } while (keystore_sign(&keystore, id, 0, text_view("x")).err == OK);
    assert_true(boottime_ms() >= deadline);
    assert_int_equal(keystore_remove(&keystore, id), ERR_NOT_FOUND);
    assert_int_equal(keystore_remove(&keystore, other), OK);
}

static void test_lock(void **state)
{
    uint64_t id = add(0);

    (void)state;
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), ERR_NOT_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "b"), ERR_LOCKED);
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, ERR_LOCKED);
    assert_int_equal(keystore_add(&keystore, false, 0, message(1)).err, ERR_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "b"), ERR_PASSPHRASE);
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, ERR_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), OK);
    check_signature(keystore_sign(&keystore, id, 0, text_view("x")), 0, text_view("x"));
}

static void test_largest_request(void **state)
{
    static uint8_t data[IPC_MAX - 21];
    static uint8_t bytes[FRAME_MAX - 1];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct added added;

    (void)state;
    memset(data, 0x5a, sizeof data);
    for (size_t kind = 0; kind < KINDS; kind++) {
        check_signature(keystore_sign(&keystore, add(kind), 4, (struct view){data, sizeof data}),
                        kind, (struct view){data, sizeof data});
    }
    /* A frame with the longest comment that the agent can hand on. */
    put_add(&w, &files[2], NO_BODY);
    w.len -= 4;
    put_string(&w, (struct view){data, sizeof bytes - w.len - 4});
    assert_int_equal(w.len, sizeof bytes);
    added = read_added(keystore_add(&keystore, false, 0, wire_written(&w)));
    assert_true(added.comment.len > FRAME_MAX - 1000);
    assert_memory_equal(added.comment.data, data, added.comment.len);
}

/* A request that is shorter than its answer, which has the blob in it: d is 1, the point is G. */
static void test_an_answer_that_does_not_fit(void **state)
{
    static uint8_t bytes[IPC_MAX - 10];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    struct openssh_key key = files[2];
    uint8_t point[65];

    (void)state;
    assert_int_equal(EC_POINT_point2oct(group, EC_GROUP_get0_generator(group),
                                        POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL),
                     sizeof point);
    EC_GROUP_free(group);
    key.field[ECDSA_POINT] = (struct view){point, sizeof point};
    key.field[ECDSA_D] = (struct view){(const uint8_t[]){1}, 1};
    put_add(&w, &key, NO_BODY);
    assert_int_equal(keystore_add(&keystore, false, 0, wire_written(&w)).err, OK);
    store_u32(bytes + w.len - 4, (uint32_t)(sizeof bytes - w.len));
    memset(bytes + w.len, 'c', sizeof bytes - w.len);
    w.len = sizeof bytes;
    assert_int_equal(keystore_add(&keystore, false, 0, wire_written(&w)).err, ERR_TOO_BIG);
    check_signature(keystore_sign(&keystore, add(0), 0, text_view("x")), 0, text_view("x"));
}

#define DESTINATION "\xff\0\0\0\x24restrict-destination-v00@openssh.com"

/* The agent, which keeps them, gets them as they came. */
static void test_destinations(void **state)
{
    static const char both[] = "\2" DESTINATION "\0\0\0\4\0\1\xff\2";
    static const char twice[] = DESTINATION "\0\0\0\1x" DESTINATION "\0\0\0\1x";
    struct view with = message_with(0, both, sizeof both - 1);
    struct added added = read_added(keystore_add(&keystore, true, 0, with));

    (void)state;
    assert_int_equal(added.flags, IPC_KEY_CONFIRM);
    assert_view_equal(added.destinations, ((struct view){(const uint8_t *)"\0\1\xff\2", 4}));
    with = message_with(0, twice, sizeof twice - 1);
    assert_int_equal(keystore_add(&keystore, true, 0, with).err, ERR_MALFORMED);
    with = message(0);
    assert_int_equal(read_added(keystore_add(&keystore, true, 0, with)).destinations.len, 0);
}

/* The longest that the agent can hand on; the answer holds them and the blob. */
static void test_longest_destinations(void **state)
{
    static uint8_t bytes[FRAME_MAX - 1];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct added added;
    size_t len;

    (void)state;
    put_add(&w, &files[2], text_view(""));
    put_bytes(&w, DESTINATION, sizeof DESTINATION - 1);
    len = sizeof bytes - w.len - 4;
    put_u32(&w, (uint32_t)len);
    memset(bytes + w.len, 'd', len);
    added = read_added(keystore_add(&keystore, true, 0, (struct view){bytes, sizeof bytes}));
    assert_int_equal(added.destinations.len, len);
    assert_memory_equal(added.destinations.data, bytes + w.len, len);
    assert_view_equal(added.blob, files[2].blob);
}

/* Malformed bytes of a client cost the client its request, and nobody anything else. */
static void test_malformed_adds(void **state)
{
    static uint8_t bytes[MESSAGE_MAX];
    uint64_t id = add(2);
    struct view whole = message(0);

    (void)state;
    assert_true(whole.len < sizeof bytes);
    memcpy(bytes, whole.data, whole.len);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_equal(keystore_add(&keystore, true, 0, (struct view){bytes, len}).err,
                         ERR_MALFORMED);
    }
    bytes[4 + 11 + 4] ^= 1; /* of the public key */
    assert_int_equal(keystore_add(&keystore, false, 0, (struct view){bytes, whole.len}).err,
                     ERR_KEY_MISMATCH);
    whole = message_with(0, "\2", 1);
    assert_int_equal(keystore_add(&keystore, false, 0, whole).err, ERR_MALFORMED);
    whole = message_with(0, "\11", 1);
    assert_int_equal(keystore_add(&keystore, true, 0, whole).err, ERR_CONSTRAINT);
    check_signature(keystore_sign(&keystore, id, 0, text_view("x")), 2, text_view("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hello, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_add_sign_remove, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_certificates, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_add_again, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_remove_all, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_agents, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_confirm, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_deadlines, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_a_life_of_nothing, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_a_life_of_a_second, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_lock, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_largest_request, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_an_answer_that_does_not_fit, run_keystore,
                                        end_keystore),
        cmocka_unit_test_setup_teardown(test_destinations, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_longest_destinations, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_malformed_adds, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, all_kinds_free);
}
