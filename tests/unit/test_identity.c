/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/identity.c: the list of public keys, and the answer that it becomes. */
#include "keygen.h"

#include "identity.h"

static struct identities ids;

#define BLOB_SIZE (4 + 11 + 4 + 32)

/* An ed25519 blob whose key has this number in it. */
static void make_blob(uint32_t number, uint8_t ret[BLOB_SIZE])
{
    uint8_t key[32] = {0};
    struct wire_writer w = wire_writer(ret, BLOB_SIZE);

    store_u32(key, number);
    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){key, sizeof key});
}

/* Puts it with memory that is overwritten at once: the list keeps copies. */
static enum err put(uint64_t id, uint32_t number, const char *comment, uint64_t deadline)
{
    uint8_t blob[BLOB_SIZE];
    char text[64];
    struct identity fields = {
        .id = id, .deadline = deadline, .confirm = deadline != 0, .blob = {blob, sizeof blob}};
    enum err err;

    make_blob(number, blob);
    snprintf(text, sizeof text, "%s", comment);
    fields.comment = text_view(text);
    err = identity_put(&ids, &fields);
    memset(blob, 0x55, sizeof blob);
    memset(text, 0x55, sizeof text);
    return err;
}

static int clear(void **state)
{
    (void)state;
    identity_remove_all(&ids);
    return 0;
}

struct expected {
    uint32_t number;
    const char *comment;
};

/* IDENTITIES_ANSWER: uint32 length, byte 12, uint32 count, then string blob, string comment. */
static void check_answer(const struct expected want[], size_t count)
{
    uint8_t bytes[2048];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct answer *answer = identity_answer(&ids);

    put_u32(&w, 0);
    put_u8(&w, 12);
    put_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        uint8_t blob[BLOB_SIZE];

        make_blob(want[i].number, blob);
        put_string(&w, (struct view){blob, sizeof blob});
        put_text(&w, want[i].comment);
    }
    assert_int_equal(w.err, OK);
    store_u32(bytes, (uint32_t)w.len - 4);
    assert_non_null(answer);
    assert_view_equal(((struct view){answer->bytes, answer->len}), wire_written(&w));
    answer_release(&answer);
    assert_null(answer);
}

static void test_no_keys(void **state)
{
    const uint8_t want[] = {0, 0, 0, 5, 12, 0, 0, 0, 0};
    struct answer *answer = identity_answer(&ids);

    (void)state;
    assert_non_null(answer);
    assert_view_equal(((struct view){answer->bytes, answer->len}),
                      ((struct view){want, sizeof want}));
    answer_release(&answer);
    assert_int_equal(identity_next_deadline(&ids), 0);
    assert_int_equal(identity_expire(&ids, UINT64_MAX), 0);
    assert_null(identity_find_id(&ids, 0));
    assert_null(identity_find(&ids, text_view("x")));
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(put(9, 30, "third", 0), OK);
    assert_int_equal(put(3, 10, "", 0), OK);
    assert_int_equal(put(5, 20, "w\xfcrde \xff", 0), OK);
    check_answer((struct expected[]){{30, "third"}, {10, ""}, {20, "w\xfcrde \xff"}}, 3);
    identity_remove(&ids, 3);
    check_answer((struct expected[]){{30, "third"}, {20, "w\xfcrde \xff"}}, 2);
    identity_remove(&ids, 3);
    identity_remove(&ids, 77);
    check_answer((struct expected[]){{30, "third"}, {20, "w\xfcrde \xff"}}, 2);
    assert_int_equal(put(3, 10, "again", 0), OK);
    check_answer((struct expected[]){{30, "third"}, {20, "w\xfcrde \xff"}, {10, "again"}}, 3);
}

static void test_replaced_in_place(void **state)
{
    const struct identity *identity;

    (void)state;
    assert_int_equal(put(1, 1, "one", 0), OK);
    assert_int_equal(put(2, 2, "two", 5000), OK);
    assert_int_equal(put(3, 3, "three", 0), OK);
    assert_int_equal(identity_next_deadline(&ids), 5000);
    assert_int_equal(put(2, 2, "a longer comment", 0), OK);
    check_answer((struct expected[]){{1, "one"}, {2, "a longer comment"}, {3, "three"}}, 3);
    assert_int_equal(identity_next_deadline(&ids), 0);
    identity = identity_find_id(&ids, 2);
    assert_non_null(identity);
    assert_false(identity->confirm);
}

static void test_find(void **state)
{
    uint8_t blob[BLOB_SIZE];
    const struct identity *identity;

    (void)state;
    assert_int_equal(put(1, 11, "one", 0), OK);
    assert_int_equal(put(2, 22, "two", 1234), OK);
    make_blob(22, blob);
    identity = identity_find(&ids, (struct view){blob, sizeof blob});
    assert_non_null(identity);
    assert_ptr_equal(identity, identity_find_id(&ids, 2));
    assert_true(identity->id == 2);
    assert_int_equal(identity->kind, KEY_ED25519);
    assert_true(identity->deadline == 1234);
    assert_true(identity->confirm);
    assert_view_is(identity->comment, "two");
    assert_null(identity_find(&ids, (struct view){blob, sizeof blob - 1}));
    make_blob(33, blob);
    assert_null(identity_find(&ids, (struct view){blob, sizeof blob}));
    assert_null(identity_find_id(&ids, 3));
    identity_remove(&ids, 2);
    make_blob(22, blob);
    assert_null(identity_find(&ids, (struct view){blob, sizeof blob}));
    identity_remove_all(&ids);
    assert_null(identity_find_id(&ids, 1));
}

/* One allocation for all who ask between two changes, and it lives as long as one of them. */
static void test_answers_are_shared(void **state)
{
    struct answer *first;
    struct answer *second;
    struct answer *third;

    (void)state;
    assert_int_equal(put(1, 1, "one", 0), OK);
    first = identity_answer(&ids);
    second = identity_answer(&ids);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_int_equal(put(2, 2, "two", 0), OK);
    third = identity_answer(&ids);
    assert_ptr_not_equal(first, third);
    assert_int_equal(first->bytes[8], 1);
    assert_int_equal(third->bytes[8], 2);
    answer_release(&first);
    assert_int_equal(second->bytes[8], 1);
    answer_release(&second);
    identity_remove_all(&ids);
    assert_int_equal(third->bytes[8], 2);
    answer_release(&third);
    answer_release(&third); /* NULL is fine */
}

static void test_expiry(void **state)
{
    (void)state;
    assert_int_equal(put(1, 1, "a", 3000), OK);
    assert_int_equal(put(2, 2, "b", 0), OK);
    assert_int_equal(put(3, 3, "c", 1000), OK);
    assert_int_equal(put(4, 4, "d", 2000), OK);
    assert_true(identity_next_deadline(&ids) == 1000);
    assert_int_equal(identity_expire(&ids, 999), 0);
    check_answer((struct expected[]){{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}}, 4);
    assert_int_equal(identity_expire(&ids, 1000), 1);
    check_answer((struct expected[]){{1, "a"}, {2, "b"}, {4, "d"}}, 3);
    assert_true(identity_next_deadline(&ids) == 2000);
    assert_int_equal(identity_expire(&ids, UINT64_MAX), 2);
    check_answer((struct expected[]){{2, "b"}}, 1);
    assert_int_equal(identity_next_deadline(&ids), 0);
}

static void test_bad_blobs(void **state)
{
    struct identity fields = {.id = 1, .blob = text_view("rubbish")};

    (void)state;
    assert_int_equal(identity_put(&ids, &fields), ERR_MALFORMED);
    fields.blob = (struct view){(const uint8_t *)"\0\0\0\7ssh-dss", 11};
    assert_int_equal(identity_put(&ids, &fields), ERR_KEY_DSA);
    check_answer(NULL, 0);
}

static bool has_room(size_t len)
{
    bool room = identity_reserve(&ids, len);

    if (room) {
        identity_unreserve(&ids, len);
    }
    return room;
}

/* A frame has FRAME_MAX bytes after its length word: the answer may have exactly as many. */
static void test_room(void **state)
{
    const size_t limit = 4 + (size_t)FRAME_MAX;
    const size_t one = 4 + BLOB_SIZE + 4;
    uint8_t blob[BLOB_SIZE];
    uint8_t *comment = calloc(1, limit);
    struct identity fields = {.id = 2, .blob = {blob, sizeof blob}};
    struct answer *answer;

    (void)state;
    assert_non_null(comment);
    assert_true(has_room(limit - 9));
    assert_false(has_room(limit - 9 + 1));
    assert_int_equal(put(1, 1, "", 0), OK);
    assert_true(has_room(limit - 9 - one));
    assert_false(has_room(limit - 9 - one + 1));
    assert_false(has_room(SIZE_MAX));

    /* What is on its way to the list counts as if it were there. */
    assert_true(identity_reserve(&ids, 1000));
    assert_true(has_room(limit - 9 - one - 1000));
    assert_false(has_room(limit - 9 - one - 1000 + 1));
    identity_unreserve(&ids, 1000);

    make_blob(2, blob);
    fields.comment = (struct view){comment, limit - 9 - 2 * one};
    assert_int_equal(identity_put(&ids, &fields), OK);
    answer = identity_answer(&ids);
    assert_non_null(answer);
    assert_int_equal(answer->len, limit);
    assert_int_equal(load_u32(answer->bytes), FRAME_MAX);
    answer_release(&answer);
    assert_true(has_room(0));
    assert_false(has_room(1));

    /* What goes, or gets shorter, makes room again. */
    fields.comment.len = 0;
    assert_int_equal(identity_put(&ids, &fields), OK);
    assert_true(has_room(limit - 9 - 2 * one));
    assert_false(has_room(limit - 9 - 2 * one + 1));
    identity_remove(&ids, 1);
    assert_true(has_room(limit - 9 - one));
    assert_false(has_room(limit - 9 - one + 1));
    free(comment);
}

static void test_as_many_as_there_may_be(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < KEYS_MAX; i++) {
        assert_int_equal(put(i, i, "", 0), OK);
    }
    assert_int_equal(put(KEYS_MAX, KEYS_MAX, "", 0), OK);
    assert_int_equal(put(KEYS_MAX + 1, KEYS_MAX + 1, "", 0), ERR_TOO_MANY);
    assert_null(identity_find_id(&ids, KEYS_MAX + 1));
    assert_int_equal(put(KEYS_MAX, KEYS_MAX, "again", 0), OK);
    assert_view_is(identity_find_id(&ids, KEYS_MAX)->comment, "again");
    identity_remove(&ids, 1);
    assert_int_equal(put(KEYS_MAX + 1, KEYS_MAX + 1, "", 0), OK);
}

/* What a log line shows must be what ssh-keygen -l and ssh-add -l show, for certificates too. */
static void test_fingerprints(void **state)
{
    static const char *const suffixes[] = {".pub", "-cert.pub"};

    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    for (size_t i = 0; i < 2 * COUNT(keygen_kinds); i++) {
        char file[64];
        const char *const argv[] = {"ssh-keygen", "-l", "-f", file, NULL};
        char want[FINGERPRINT_MAX] = "";
        struct identity fields = {.id = i + 1};
        const struct identity *identity;
        struct view output;

        snprintf(file, sizeof file, "%s%s", keygen_kinds[i / 2].name, suffixes[i % 2]);
        fields.blob = keygen_blob(file);
        keygen_run("fingerprint", argv);
        output = keygen_read("fingerprint");
        assert_int_equal(sscanf((const char *)output.data, "%*d %63s", want), 1);
        view_free(&output);
        assert_int_equal(identity_put(&ids, &fields), OK);
        identity = identity_find(&ids, fields.blob);
        assert_non_null(identity);
        assert_string_equal(identity->fingerprint, want);
        assert_int_equal(identity->kind, i / 2 == 0   ? KEY_ED25519
                                         : i / 2 == 1 ? KEY_RSA
                                                      : KEY_ECDSA);
        view_free(&fields.blob);
    }
    keygen_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_no_keys, clear),
        cmocka_unit_test_teardown(test_order, clear),
        cmocka_unit_test_teardown(test_replaced_in_place, clear),
        cmocka_unit_test_teardown(test_find, clear),
        cmocka_unit_test_teardown(test_answers_are_shared, clear),
        cmocka_unit_test_teardown(test_expiry, clear),
        cmocka_unit_test_teardown(test_bad_blobs, clear),
        cmocka_unit_test_teardown(test_room, clear),
        cmocka_unit_test_teardown(test_as_many_as_there_may_be, clear),
        cmocka_unit_test_teardown(test_fingerprints, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
