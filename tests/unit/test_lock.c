/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/lock.c: what a lock leaves of the keys, and that an unlock brings them back. */
#include "held_keys.h"

#include "keytable.h"
#include "lock.h"

/* One key of each kind, in the table. */
static uint64_t ids[KINDS];
static struct openssh_key files[KINDS];
static EVP_PKEY *publics[KINDS];

/* libsodium's, but nonces are zeros when a test wants to see what else differs (--wrap). */
void __real_randombytes_buf(void *buffer, size_t size);
void __wrap_randombytes_buf(void *buffer, size_t size);
static bool zero_nonces;

void __wrap_randombytes_buf(void *buffer, size_t size)
{
    if (zero_nonces && size == KEY_NONCE_SIZE) {
        memset(buffer, 0, size);
    } else {
        __real_randombytes_buf(buffer, size);
    }
}

static int start(void **state)
{
    char file[64];

    (void)state;
    held_keys_init();
    keygen_start();
    keygen_make_all();
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
    keygen_stop();
    return 0;
}

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct key *key = NULL;
        struct key *kept;

        assert_int_equal(key_of(&files[i], &key), OK);
        assert_int_equal(keytable_put(&key, &kept), OK);
        ids[i] = kept->id;
    }
    return 0;
}

static int clear(void **state)
{
    (void)state;
    assert_false(lock_is_closed());
    keytable_clear();
    return 0;
}

static enum err close_with(const char *passphrase)
{
    return lock_close(text_view(passphrase));
}

static enum err open_with(const char *passphrase)
{
    return lock_open(text_view(passphrase));
}

/* The first private field of a file, as it stands in the private part: length and content. */
static struct view first_field(size_t kind)
{
    const struct view v = files[kind].field[kind == ED25519    ? ED25519_SECRET
                                            : kind == RSA_2048 ? RSA_D
                                                               : ECDSA_D];

    return (struct view){v.data - 4, v.len + 4};
}

static bool shows_its_secret(const struct key *key, size_t kind)
{
    struct view secret = first_field(kind);

    assert_true(key->private_len >= secret.len);
    return memcmp(key->private_part, secret.data, secret.len) == 0;
}

/* Not one run of eight bytes of the private part as it was. */
static bool shows_a_piece(const struct key *key, const uint8_t *before)
{
    for (size_t i = 4; i + 8 <= key->private_len; i++) {
        if (memcmp(key->private_part + i, before + i, 8) == 0) {
            return true;
        }
    }
    return false;
}

static void check_signatures(void)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct key *key = keytable_find(ids[kind]);
        uint8_t bytes[SIGNATURE_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        assert_non_null(key);
        assert_true(shows_its_secret(key, kind));
        assert_int_equal(sign_data(key, SIGN_RSA_SHA2_256, text_view("data"), &w), OK);
        assert_true(is_signature(
            wire_written(&w), kind == RSA_2048 ? "rsa-sha2-256" : keygen_kinds[kind].ssh_name,
            publics[kind], files[kind].field[ED25519_PUBLIC].data, text_view("data")));
    }
}

static void test_there_and_back(void **state)
{
    uint8_t *before[KINDS];

    (void)state;
    check_signatures();
    for (size_t i = 0; i < KINDS; i++) {
        const struct key *key = keytable_find(ids[i]);

        before[i] = malloc(key->private_len);
        assert_non_null(before[i]);
        memcpy(before[i], key->private_part, key->private_len);
    }
    assert_int_equal(close_with("correct horse"), OK);
    assert_true(lock_is_closed());
    for (size_t i = 0; i < KINDS; i++) {
        const struct key *key = keytable_find(ids[i]);

        assert_false(shows_a_piece(key, before[i]));
        assert_false(key->ready);
        assert_null(key->pkey);
        for (size_t j = 0; j < KEY_RSA_DIGESTS; j++) {
            assert_null(key->contexts[j]);
        }
        free(before[i]);
    }
    assert_int_equal(open_with("correct horse"), OK);
    assert_false(lock_is_closed());
    for (size_t i = 0; i < KINDS; i++) {
        assert_true(keytable_find(ids[i])->ready);
    }
    check_signatures();
}

static void test_wrong_passphrases(void **state)
{
    static const char *const wrong[] = {"", "correct hors", "correct horse ", "Correct horse"};

    (void)state;
    assert_int_equal(close_with("correct horse"), OK);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(open_with(wrong[i]), ERR_PASSPHRASE);
        assert_true(lock_is_closed());
        assert_false(shows_its_secret(keytable_find(ids[ED25519]), ED25519));
    }
    assert_int_equal(open_with("correct horse"), OK);
    check_signatures();
}

static void test_lock_twice(void **state)
{
    (void)state;
    assert_int_equal(close_with("first"), OK);
    assert_int_equal(close_with("second"), ERR_LOCKED);
    assert_int_equal(close_with("first"), ERR_LOCKED);
    assert_int_equal(open_with("second"), ERR_PASSPHRASE);
    assert_int_equal(open_with("first"), OK);
    check_signatures();
}

static void test_not_locked(void **state)
{
    (void)state;
    assert_int_equal(open_with("anything"), ERR_NOT_LOCKED);
    assert_int_equal(close_with("a"), OK);
    assert_int_equal(open_with("a"), OK);
    assert_int_equal(open_with("a"), ERR_NOT_LOCKED);
    check_signatures();
}

static void test_no_keys(void **state)
{
    (void)state;
    assert_int_equal(close_with("empty"), OK);
    assert_true(lock_is_closed());
    assert_int_equal(open_with("full"), ERR_PASSPHRASE);
    assert_int_equal(open_with("empty"), OK);
}

static void test_odd_passphrases(void **state)
{
    static const uint8_t bytes[PASSPHRASE_MAX] = {0, 0xff, '\n', 0};
    const struct view passphrases[] = {{bytes, 0}, {bytes, 1}, {bytes, 4}, {bytes, sizeof bytes}};

    (void)state;
    for (size_t i = 0; i < COUNT(passphrases); i++) {
        assert_int_equal(lock_close(passphrases[i]), OK);
        assert_int_equal(lock_open((struct view){bytes, 2}), ERR_PASSPHRASE);
        assert_int_equal(lock_open(passphrases[i]), OK);
    }
    check_signatures();
}

/* Each lock has a salt of its own: the same passphrase makes other bytes, whatever the nonces. */
static void test_never_the_same_twice(void **state)
{
    struct key *key = keytable_find(ids[ED25519]);
    uint8_t locked[2][68];

    (void)state;
    assert_int_equal(key->private_len, sizeof locked[0]);
    zero_nonces = true;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(close_with("the same"), OK);
        memcpy(locked[i], key->private_part, sizeof locked[i]);
        assert_int_equal(open_with("the same"), OK);
    }
    zero_nonces = false;
    assert_memory_not_equal(locked[0], locked[1], sizeof locked[0]);
}

/* Each key has a nonce of its own: with one for two, their ciphertexts would give both away. */
static void test_no_nonce_twice(void **state)
{
    enum { BYTES = 32 };
    uint8_t plain[KINDS][BYTES];

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        memcpy(plain[i], keytable_find(ids[i])->private_part, BYTES);
    }
    assert_int_equal(close_with("x"), OK);
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t j = 0; j < i; j++) {
            const uint8_t *a = keytable_find(ids[i])->private_part;
            const uint8_t *b = keytable_find(ids[j])->private_part;
            size_t same = 0;

            for (size_t n = 0; n < BYTES; n++) {
                same += (a[n] ^ b[n]) == (plain[i][n] ^ plain[j][n]);
            }
            assert_true(same < BYTES / 2);
        }
    }
    assert_int_equal(open_with("x"), OK);
}

/* Keys come and go while it is locked: what is left comes back. */
static void test_removed_while_locked(void **state)
{
    (void)state;
    assert_int_equal(close_with("x"), OK);
    assert_int_equal(keytable_remove(ids[RSA_2048]), OK);
    assert_int_equal(open_with("x"), OK);
    assert_null(keytable_find(ids[RSA_2048]));
    assert_true(shows_its_secret(keytable_find(ids[P521]), P521));
}

/* Ciphertext that was changed never becomes a key; the others come back. */
static void test_changed_while_locked(void **state)
{
    struct key *key = keytable_find(ids[P256]);
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    assert_int_equal(close_with("x"), OK);
    key->private_part[key->private_len - 1] ^= 1;
    assert_int_equal(open_with("x"), OK);
    assert_false(key->ready);
    assert_int_not_equal(sign_data(key, 0, text_view("data"), &w), OK);
    assert_int_equal(w.len, 0);
    assert_true(keytable_find(ids[ED25519])->ready);
    assert_true(keytable_find(ids[P521])->ready);
}

static void test_the_arena_is_as_before(void **state)
{
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(close_with("x"), OK);
        assert_int_equal(open_with("y"), ERR_PASSPHRASE);
        assert_int_equal(open_with("x"), OK);
        check_signatures();
        if (i == 1) {
            before = arena_bytes_used();
        }
    }
    assert_int_equal(arena_bytes_used(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, fill, clear),
        cmocka_unit_test_setup_teardown(test_wrong_passphrases, fill, clear),
        cmocka_unit_test_setup_teardown(test_lock_twice, fill, clear),
        cmocka_unit_test_setup_teardown(test_not_locked, fill, clear),
        cmocka_unit_test_teardown(test_no_keys, clear),
        cmocka_unit_test_setup_teardown(test_odd_passphrases, fill, clear),
        cmocka_unit_test_setup_teardown(test_never_the_same_twice, fill, clear),
        cmocka_unit_test_setup_teardown(test_no_nonce_twice, fill, clear),
        cmocka_unit_test_setup_teardown(test_removed_while_locked, fill, clear),
        cmocka_unit_test_setup_teardown(test_changed_while_locked, fill, clear),
        cmocka_unit_test_setup_teardown(test_the_arena_is_as_before, fill, clear),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
