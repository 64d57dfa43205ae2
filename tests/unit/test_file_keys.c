/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/key.c: keys that come from files, whose private part is looked at when it is needed. */
#include "held_keys.h"

#include "keytable.h"
#include "lock.h"
#include "secret_arena.h"

static const struct view file_bytes = {(const uint8_t *)"what stands in the file", 23};
static struct openssh_key files[KINDS];
static struct openssh_key other_rsa;
static EVP_PKEY *publics[KINDS]; /* none for ed25519 */

static int start(void **state)
{
    char file[64];

    (void)state;
    held_keys_init();
    keygen_start();
    keygen_make_all();
    keygen_make("other", "rsa", "2048");
    openssh_key_read("other", &other_rsa);
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_read(keygen_kinds[i].name, &files[i]);
        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        publics[i] = i == ED25519 ? NULL : public_pkey(file);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_free(&files[i]);
        EVP_PKEY_free(publics[i]);
    }
    openssh_key_free(&other_rsa);
    keygen_stop();
    return 0;
}

/* What a file of the key would give; good until the next call. */
static struct add_request add_of(const struct openssh_key *file)
{
    static uint8_t bytes[2][ADD_MESSAGE_MAX];
    static size_t turn;
    struct wire_writer w = wire_writer(bytes[turn++ % 2], sizeof bytes[0]);
    struct add_request add;

    put_add(&w, file, file->comment);
    assert_int_equal(add_request_parse(wire_written(&w), false, &add), OK);
    return add;
}

static struct key *from_file(size_t kind)
{
    struct add_request add = add_of(&files[kind]);
    struct key *key = NULL;

    assert_int_equal(key_of_file(&add, false, &key), OK);
    return key;
}

static struct key *sealed(size_t kind)
{
    struct add_request add = add_of(&files[kind]);
    struct key *key = NULL;

    add.private_part = file_bytes;
    assert_int_equal(key_of_file(&add, true, &key), OK);
    return key;
}

static void sign_and_check(struct key *key, size_t kind)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    const char *name = kind == RSA_2048 ? "rsa-sha2-512" : keygen_kinds[kind].ssh_name;

    assert_int_equal(key_sign(key, SIGN_RSA_SHA2_512, text_view("data"), &w), OK);
    assert_true(is_signature(wire_written(&w), name, publics[kind],
                             files[kind].field[ED25519_PUBLIC].data, text_view("data")));
}

static void assert_sealed(struct key *key)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    assert_true(key->sealed);
    assert_false(key->ready);
    assert_null(key->pkey);
    assert_view_equal(((struct view){key->private_part, key->private_len}), file_bytes);
    assert_int_equal(key_sign(key, 0, text_view("data"), &w), ERR_SEALED);
    assert_int_equal(w.len, 0);
}

static void test_ready_when_it_is_needed(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = from_file(kind);

        assert_false(key->ready);
        assert_null(key->pkey);
        assert_false(key->sealed);
        assert_view_equal(((struct view){key->blob, key->blob_len}), files[kind].blob);
        sign_and_check(key, kind);
        assert_true(key->ready);
        sign_and_check(key, kind);
        key_free(&key);
    }
}

static void test_open(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = sealed(kind);
        struct add_request add = add_of(&files[kind]);

        assert_sealed(key);
        assert_int_equal(key_open(key, &add), OK);
        assert_false(key->sealed);
        assert_true(key->ready);
        sign_and_check(key, kind);
        key_free(&key);
    }
}

/* Nothing has changed by it, and nothing is left of it. */
static void assert_refused(struct key *key, const struct add_request *add, enum err err)
{
    size_t before;

    assert_int_equal(key_open(key, add), err); /* libcrypto has all that it caches */
    before = arena_bytes_used();
    assert_int_equal(key_open(key, add), err);
    assert_int_equal(arena_bytes_used(), before);
    assert_sealed(key);
}

/* The public half is another key's, and then the private half alone. */
static void test_open_with_another_key(void **state)
{
    struct key *key = sealed(RSA_2048);
    struct add_request add;
    struct add_request right = add_of(&files[RSA_2048]);

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (kind != RSA_2048) {
            add = add_of(&files[kind]);
            assert_refused(key, &add, ERR_KEY_MISMATCH);
        }
    }
    add = add_of(&other_rsa);
    assert_refused(key, &add, ERR_KEY_MISMATCH);
    right = add_of(&files[RSA_2048]);
    add = right;
    add.private_part = add_of(&other_rsa).private_part;
    assert_refused(key, &add, ERR_KEY_MISMATCH);
    assert_int_equal(key_open(key, &right), OK);
    sign_and_check(key, RSA_2048);
    key_free(&key);
}

static void test_rsa_sizes(void **state)
{
    static const struct {
        size_t bits;
        enum err err;
    } sizes[] = {{1024, ERR_KEY_RSA_SIZE},
                 {2041, ERR_KEY_RSA_SIZE},
                 {2047, ERR_KEY_RSA_SIZE},
                 {2048, OK},
                 {2049, OK},
                 {16383, OK},
                 {16384, OK},
                 {16385, ERR_KEY_RSA_SIZE}};
    static uint8_t modulus[RSA_MAX_BITS / 8 + 1];
    struct add_request add = add_of(&files[RSA_2048]);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct key *key = NULL;

        memset(modulus, 0xff, sizeof modulus);
        modulus[0] = (uint8_t)(0xff >> (8 - 1 - (sizes[i].bits - 1) % 8));
        add.public.n = (struct view){modulus, (sizes[i].bits + 7) / 8};
        assert_int_equal(key_of_file(&add, false, &key), sizes[i].err);
        assert_int_equal(key == NULL, sizes[i].err != OK);
        key_free(&key);
    }
}

/* While it is locked, what was sealed is hidden as well; then each is what it was. */
static void test_lock(void **state)
{
    struct key *keys[] = {sealed(P256), from_file(RSA_2048), from_file(ED25519)};
    struct add_request add;

    (void)state;
    sign_and_check(keys[1], RSA_2048);
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct key *kept = NULL;

        assert_int_equal(keytable_put(&keys[i], &kept), OK);
        keys[i] = kept;
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lock_close(text_view("x")), OK);
        assert_null(memmem(keys[0]->private_part, keys[0]->private_len, file_bytes.data, 8));
        assert_false(keys[1]->ready);
        assert_int_equal(lock_open(text_view("x")), OK);
        assert_sealed(keys[0]);
        assert_true(keys[1]->ready);
        assert_false(keys[2]->ready);
    }
    sign_and_check(keys[1], RSA_2048);
    sign_and_check(keys[2], ED25519);
    add = add_of(&files[P256]);
    assert_int_equal(key_open(keys[0], &add), OK);
    sign_and_check(keys[0], P256);
    keytable_clear();
}

/* Takes all of the arena but some granules of 64 KiB, in a list through its blocks. */
static void **fill_arena(int granules)
{
    const size_t n = (size_t)64 * 1024 - 64;
    void **list = NULL;
    void **block;

    while ((block = secret_alloc(n)) != NULL) {
        *block = (void *)list;
        list = block;
    }
    for (; list != NULL && granules > 0; granules--) {
        void **next = *list;

        secret_free((void *)list);
        list = next;
    }
    return list;
}

/* One more key that is ready would take the room in which the others sign. It signs too. */
static void test_no_room_to_stay_ready(void **state)
{
    struct key *key = from_file(RSA_2048);
    struct add_request add = add_of(&files[RSA_2048]);
    struct key *more = NULL;
    void **list = fill_arena(2);
    bool had_room = secret_has_room((size_t)128 * 1024);

    (void)state;
    assert_non_null(list);
    for (int i = 0; i < 3; i++) {
        sign_and_check(key, RSA_2048);
        assert_false(key->ready);
        assert_null(key->pkey);
    }
    assert_int_equal(key_of_file(&add, false, &more), ERR_NO_MEMORY);
    assert_null(more);
    empty_arena(list);
    assert_false(had_room);
    sign_and_check(key, RSA_2048);
    assert_true(key->ready);
    key_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_when_it_is_needed),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_with_another_key),
        cmocka_unit_test(test_rsa_sizes),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_no_room_to_stay_ready),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
