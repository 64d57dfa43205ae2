/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/key.c and sign*.c: good keys, and the signatures that they make. */
#include "held_keys.h"

#include "all_kinds.h"

#define SHA2_256 SIGN_RSA_SHA2_256
#define SHA2_512 SIGN_RSA_SHA2_512

static int start(void **state)
{
    (void)state;
    held_keys_init();
    all_kinds_make();
    return 0;
}

static struct key *held(size_t kind)
{
    struct key *key = NULL;

    assert_int_equal(key_of(&files[kind], &key), OK);
    return key;
}

static void sign_and_check(struct key *key, size_t kind, uint32_t flags, const char *algorithm,
                           struct view data)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    assert_int_equal(sign_data(key, flags, data, &w), OK);
    assert_true(is_signature(wire_written(&w), algorithm, publics[kind],
                             files[kind].field[ED25519_PUBLIC].data, data));
}

/* What ssh expects for each key and each pair of flags. */
static void test_flags(void **state)
{
    static const struct {
        size_t kind;
        uint32_t flags;
        const char *algorithm;
    } signatures[] = {
        {RSA_2048, 0, "ssh-rsa"},
        {RSA_2048, SHA2_256, "rsa-sha2-256"},
        {RSA_2048, SHA2_512, "rsa-sha2-512"},
        {RSA_2048, SHA2_256 | SHA2_512, "rsa-sha2-256"},
        {ED25519, 0, "ssh-ed25519"},
        {ED25519, SHA2_256 | SHA2_512, "ssh-ed25519"},
        {P256, 0, "ecdsa-sha2-nistp256"},
        {P256, SHA2_512, "ecdsa-sha2-nistp256"},
        {P384, 0, "ecdsa-sha2-nistp384"},
        {P384, SHA2_256, "ecdsa-sha2-nistp384"},
        {P521, 0, "ecdsa-sha2-nistp521"},
        {P521, SHA2_256, "ecdsa-sha2-nistp521"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(signatures); i++) {
        struct key *key = held(signatures[i].kind);

        /* Twice: the second one finds everything made ready. */
        for (int repeat = 0; repeat < 2; repeat++) {
            sign_and_check(key, signatures[i].kind, signatures[i].flags, signatures[i].algorithm,
                           text_view("data to be signed"));
        }
        key_free(&key);
        assert_null(key);
    }
}

/* One key serves all its hashes, in any order. */
static void test_flags_in_turn(void **state)
{
    struct key *key = held(RSA_2048);

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        static const uint32_t flags[] = {SHA2_512, 0, SHA2_256, 0, SHA2_256, SHA2_512};
        static const char *const names[] = {"rsa-sha2-512", "ssh-rsa",      "rsa-sha2-256",
                                            "ssh-rsa",      "rsa-sha2-256", "rsa-sha2-512"};

        sign_and_check(key, RSA_2048, flags[i % 6], names[i % 6], text_view("in turn"));
    }
    key_free(&key);
}

static void test_unknown_flags(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);

        for (unsigned bit = 0; bit < 32; bit++) {
            uint8_t bytes[SIGNATURE_MAX];
            struct wire_writer w = wire_writer(bytes, sizeof bytes);

            if (bit == 1 || bit == 2) {
                continue;
            }
            assert_int_equal(sign_data(key, 1U << bit, text_view("x"), &w), ERR_SIGN_FLAGS);
            assert_int_equal(sign_data(key, 1U << bit | SHA2_256, text_view("x"), &w),
                             ERR_SIGN_FLAGS);
            assert_int_equal(w.len, 0);
        }
        key_free(&key);
    }
}

static void test_lengths_of_data(void **state)
{
    static const size_t lengths[] = {0, 1, 31, 32, 64, 65, 1000, FRAME_MAX};
    uint8_t *data = malloc(FRAME_MAX);

    (void)state;
    assert_non_null(data);
    memset(data, 0xa5, FRAME_MAX);
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);

        for (size_t i = 0; i < COUNT(lengths); i++) {
            sign_and_check(key, kind, SHA2_512,
                           kind == RSA_2048 ? "rsa-sha2-512" : keygen_kinds[kind].ssh_name,
                           (struct view){data, lengths[i]});
        }
        key_free(&key);
    }
    free(data);
}

/* Blob, comment and private part are the message's; the private part is in the arena. */
static void test_contents(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);

        assert_true(key->ready);
        assert_string_equal(key->type->name, keygen_kinds[kind].ssh_name);
        assert_view_equal(((struct view){key->blob, key->blob_len}), files[kind].blob);
        assert_view_equal(((struct view){key->comment, key->comment_len}), files[kind].comment);
        assert_int_equal(secret_size(key->private_part),
                         key->private_len + KEY_TAG_SIZE + KEY_NONCE_SIZE);
        assert_false(key->confirm);
        assert_int_equal(key->deadline, 0);
        key_free(&key);
    }
}

/* A certificate's key signs under the plain algorithm, and is known by the certificate. */
static void test_certificates(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = NULL;

        assert_int_equal(key_of_certificate(&files[kind], certificates[kind], &key), OK);
        assert_view_equal(((struct view){key->blob, key->blob_len}), certificates[kind]);
        sign_and_check(key, kind, SHA2_256,
                       kind == RSA_2048 ? "rsa-sha2-256" : keygen_kinds[kind].ssh_name,
                       text_view("data"));
        key_free(&key);
    }
}

static void test_the_confirm_constraint(void **state)
{
    uint8_t bytes[ADD_MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct add_request add;
    struct key *key = NULL;

    (void)state;
    put_add(&w, &files[ED25519], (struct view){NULL, 0});
    put_u8(&w, 2);
    assert_int_equal(add_request_parse(wire_written(&w), true, &add), OK);
    assert_int_equal(key_new(&add, &key), OK);
    assert_true(key->confirm);
    assert_int_equal(key->comment_len, 0);
    key_free(&key);
}

/* A signature goes behind what is in the writer; without room there is an error. */
static void test_the_writer(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);
        uint8_t bytes[SIGNATURE_MAX + 3];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        size_t len;

        put_bytes(&w, "abc", 3);
        assert_int_equal(sign_data(key, SHA2_256, text_view("x"), &w), OK);
        assert_memory_equal(bytes, "abc", 3);
        len = w.len - 3;
        assert_true(is_signature((struct view){bytes + 3, len},
                                 kind == RSA_2048 ? "rsa-sha2-256" : keygen_kinds[kind].ssh_name,
                                 publics[kind], files[kind].field[0].data, text_view("x")));
        for (size_t cap = 1; cap < len - 8; cap += 7) { /* an ECDSA one may be some bytes shorter */
            uint8_t *block = malloc(cap);

            w = wire_writer(block, cap);
            assert_int_equal(sign_data(key, SHA2_256, text_view("x"), &w), ERR_TOO_BIG);
            free(block);
        }
        key_free(&key);
    }
}

/* Until there were an r or s with its top bit set, and one shorter than the field. */
static void test_every_form_of_ecdsa_numbers(void **state)
{
    (void)state;
    for (size_t kind = P256; kind <= P521; kind++) {
        const size_t field = (files[kind].field[ECDSA_POINT].len - 1) / 2;
        /* P-521's top byte has one bit: never a zero byte in front, and short half of the time. */
        const size_t longest = kind == P521 ? 66 : field + 1;
        struct key *key = held(kind);
        unsigned with_zero_byte = 0;
        unsigned shorter = 0;

        for (uint32_t i = 0; with_zero_byte == 0 || shorter == 0 || i < 100; i++) {
            struct view data = {(const uint8_t *)&i, sizeof i};
            uint8_t bytes[SIGNATURE_MAX];
            struct wire_writer w = wire_writer(bytes, sizeof bytes);
            struct wire_reader r;

            assert_int_equal(sign_data(key, 0, data, &w), OK);
            assert_true(is_signature(wire_written(&w), keygen_kinds[kind].ssh_name, publics[kind],
                                     NULL, data));
            r = wire_reader(bytes, w.len);
            wire_string(&r, 100);
            wire_u32(&r);
            for (int n = 0; n < 2; n++) {
                size_t len = wire_string(&r, longest).len;

                with_zero_byte += len == longest;
                shorter += len < field;
            }
            assert_int_equal(wire_end(&r), OK);
        }
        key_free(&key);
    }
}

/* RFC 8332 wants the number as long as the modulus, leading zero bytes and all. */
static void test_rsa_signatures_are_not_shortened(void **state)
{
    struct key *key = held(RSA_2048);
    unsigned with_zero_byte = 0;

    (void)state;
    for (uint32_t i = 0; with_zero_byte == 0; i++) {
        struct view data = {(const uint8_t *)&i, sizeof i};
        uint8_t bytes[SIGNATURE_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        assert_int_equal(sign_data(key, SHA2_256, data, &w), OK);
        assert_int_equal(w.len, 4 + strlen("rsa-sha2-256") + 4 + 256);
        if (bytes[w.len - 256] == 0) {
            with_zero_byte++;
            assert_true(
                is_signature(wire_written(&w), "rsa-sha2-256", publics[RSA_2048], NULL, data));
        }
    }
    key_free(&key);
}

/* The largest that is held; a key made for this test. */
static void test_rsa_16384(void **state)
{
    struct openssh_key file;
    struct view text;
    EVP_PKEY *public = public_pkey(TEST_DATA "/test_rsa16384.pub");
    struct key *key = NULL;
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    char saved[sizeof keygen_dir];

    (void)state;
    memcpy(saved, keygen_dir, sizeof saved);
    snprintf(keygen_dir, sizeof keygen_dir, "%s", TEST_DATA);
    openssh_key_read("test_rsa16384", &file);
    memcpy(keygen_dir, saved, sizeof saved);
    text = text_view("with the largest key");
    assert_int_equal(key_of(&file, &key), OK);
    assert_int_equal(sign_data(key, SHA2_512, text, &w), OK);
    assert_int_equal(w.len, 4 + strlen("rsa-sha2-512") + 4 + 2048);
    assert_true(is_signature(wire_written(&w), "rsa-sha2-512", public, NULL, text));
    key_free(&key);
    EVP_PKEY_free(public);
    openssh_key_free(&file);
}

/* Nothing of a key stays in the arena. */
static void test_the_arena_is_as_before(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t before = 0;

        for (int i = 0; i < 10; i++) {
            struct key *key = held(kind);

            sign_and_check(key, kind, 0, keygen_kinds[kind].ssh_name, text_view("data"));
            key_free(&key);
            if (i == 1) { /* libcrypto has all that it caches */
                before = arena_bytes_used();
            }
        }
        assert_int_equal(arena_bytes_used(), before);
    }
    key_free(&(struct key *){NULL});
}

/* Forgotten and made ready again by the next signature, as after a lock. */
static void test_forgotten(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);

        sign_forget(key);
        assert_false(key->ready);
        assert_null(key->pkey);
        sign_and_check(key, kind, 0, keygen_kinds[kind].ssh_name, text_view("data"));
        assert_true(key->ready);
        key_free(&key);
    }
}

/* A key that cannot be made ready has nothing of libcrypto's; put right, it signs again. */
static void test_spoiled(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = held(kind);
        uint8_t *last = key->private_part + key->private_len - 1;
        uint8_t bytes[SIGNATURE_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        sign_forget(key);
        *last ^= 2; /* RSA's q, which has to be odd, stays odd */
        assert_int_equal(sign_data(key, 0, text_view("data"), &w), ERR_KEY_MISMATCH);
        assert_int_equal(w.len, 0);
        assert_false(key->ready);
        assert_null(key->pkey);
        *last ^= 2;
        sign_and_check(key, kind, 0, keygen_kinds[kind].ssh_name, text_view("data"));
        key_free(&key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_flags_in_turn),
        cmocka_unit_test(test_unknown_flags),
        cmocka_unit_test(test_lengths_of_data),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_the_confirm_constraint),
        cmocka_unit_test(test_the_writer),
        cmocka_unit_test(test_every_form_of_ecdsa_numbers),
        cmocka_unit_test(test_rsa_signatures_are_not_shortened),
        cmocka_unit_test(test_rsa_16384),
        cmocka_unit_test(test_the_arena_is_as_before),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_spoiled),
    };

    return cmocka_run_group_tests(tests, start, all_kinds_free);
}
