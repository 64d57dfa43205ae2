/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that can fail while a key is added, signs, is locked away or comes back fails in turn:
 * each allocation of ours and of libcrypto, and each system call by which the arena grows. Each
 * time there is an error and nothing else: no key, no memory in use, and the next try works.
 */
#include "held_keys.h"

#include "faults.h"
#include "keytable.h"
#include "lock.h"
#include "secret_arena.h"

#define FAULTS_MAX 20000 /* more than anything here has steps */
#define PART       16U   /* bytes of a secret by which it is found */
#define QUEUE      2048  /* bytes: libcrypto keeps a text for each place of its queue of errors */

static struct openssh_key files[KINDS];
static EVP_PKEY *publics[KINDS]; /* none for ed25519 */

/* What may be said of a failure that has nothing to do with the key. */
static bool is_clean(enum err err)
{
    if (err != ERR_NO_MEMORY && err != ERR_CRYPTO) {
        dprintf(STDERR_FILENO, "said: %s\n", err_text(err));
    }
    return err == ERR_NO_MEMORY || err == ERR_CRYPTO;
}

static void watch(void)
{
    blocks_count = 0;
    watching = true;
}

/* Somewhere in the block, in the order of the wire or in that of libcrypto's limbs? */
static bool UNWATCHED block_has(const volatile uint8_t *p, size_t n, const uint8_t *part)
{
    for (size_t at = 0; at + PART <= n; at++) {
        size_t same = 0;
        size_t opposite = 0;

        for (size_t i = 0; i < PART; i++) {
            same += p[at + i] == part[i];
            opposite += p[at + i] == part[PART - 1 - i];
        }
        if (same == PART || opposite == PART) {
            return true;
        }
    }
    return false;
}

/* The first private number of a file. */
static struct view secret_of(size_t kind)
{
    return files[kind].field[kind == ED25519 ? ED25519_SECRET : kind == RSA_2048 ? RSA_D : ECDSA_D];
}

/* Has any block that was in use since watch() a part of the key? */
static bool watched_have(size_t kind)
{
    struct view secret = secret_of(kind);

    watching = false;
    assert_true(blocks_count < BLOCKS_MAX);
    for (size_t i = 0; i < blocks_count; i++) {
        if (block_has(blocks[i].start, blocks[i].size, secret.data + 8)) {
            return true;
        }
    }
    return false;
}

/* A leak in one place of libcrypto's many adds up to more than its queue. */
static void assert_none_leaked(size_t kind, size_t used)
{
    assert_true(arena_used() <= used + (kind == ED25519 ? 0 : QUEUE));
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

static enum err sign_with(struct key *key, struct wire_writer *w)
{
    return sign_data(key, SIGN_RSA_SHA2_512, text_view("data"), w);
}

static void assert_signs(struct key *key, size_t kind)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    const char *algorithm = kind == RSA_2048 ? "rsa-sha2-512" : keygen_kinds[kind].ssh_name;

    assert_int_equal(sign_with(key, &w), OK);
    assert_true(is_signature(wire_written(&w), algorithm, publics[kind],
                             files[kind].field[ED25519_PUBLIC].data, text_view("data")));
}

/* Warmed up: what libcrypto keeps for itself from the first key on is there. */
static size_t used_at_rest(size_t kind)
{
    struct key *key = NULL;

    assert_int_equal(key_of(&files[kind], &key), OK);
    assert_signs(key, kind);
    key_free(&key);
    return arena_used();
}

/* True until a run had no fault. */
static bool add_with_fault(size_t kind, enum fault_kind fault_kind, unsigned n, size_t used)
{
    struct key *key = NULL;
    enum err err;
    bool hit;

    watch();
    set_fault(fault_kind, n);
    err = key_of(&files[kind], &key);
    hit = end_fault();
    if (err == OK) {
        /* libcrypto can do without some, so the key has to be a good one. */
        assert_non_null(key);
        assert_signs(key, kind);
        key_free(&key);
    } else {
        assert_true(hit);
        assert_null(key);
        assert_true(is_clean(err));
    }
    assert_none_leaked(kind, used);
    assert_false(watched_have(kind));
    return hit;
}

static void add_with_each_fault(enum fault_kind fault_kind)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t used = used_at_rest(kind);
        unsigned n = 1;

        while (add_with_fault(kind, fault_kind, n, used)) {
            n++;
            assert_true(n < FAULTS_MAX);
        }
        assert_true(n > 2); /* there was something that could fail */
        assert_none_leaked(kind, used);
    }
}

static void test_add_heap(void **state)
{
    (void)state;
    add_with_each_fault(FAULT_HEAP);
}

static void test_add_arena(void **state)
{
    (void)state;
    add_with_each_fault(FAULT_ARENA);
}

/* A key that was never ready in the state that lock and unlock without memory leave it in. */
static bool sign_with_fault(size_t kind, bool fresh, unsigned n)
{
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct key *key = NULL;
    enum err err;
    bool hit;

    assert_int_equal(key_of(&files[kind], &key), OK);
    if (fresh) {
        sign_forget(key);
    }
    set_fault(FAULT_ARENA, n);
    err = sign_with(key, &w);
    hit = end_fault();
    assert_true(err == OK || hit);
    assert_true(err == OK || is_clean(err));
    assert_int_equal(ERR_peek_error(), 0);
    assert_signs(key, kind);
    key_free(&key);
    return hit;
}

static void test_sign(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t used = used_at_rest(kind);

        for (int fresh = 0; fresh < 2; fresh++) {
            unsigned n = 1;

            while (sign_with_fault(kind, fresh != 0, n)) {
                n++;
                assert_true(n < FAULTS_MAX);
            }
            assert_true(n > 1 || (kind == ED25519 && fresh == 0)); /* libsodium takes none */
        }
        assert_none_leaked(kind, used);
    }
}

/* All keys, locked; the table owns them. */
static void fill_table(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct key *key = NULL;
        struct key *kept;

        assert_int_equal(key_of(&files[i], &key), OK);
        assert_int_equal(keytable_put(&key, &kept), OK);
    }
}

static void assert_all_sign(void)
{
    size_t slot = 0;
    size_t count = 0;
    struct key *key;

    while ((key = keytable_next(&slot)) != NULL) {
        for (size_t kind = 0; kind < KINDS; kind++) {
            struct view blob = {key->blob, key->blob_len};

            if (view_equal(blob, files[kind].blob)) {
                assert_signs(key, kind);
                count++;
            }
        }
    }
    assert_int_equal(count, KINDS);
}

static void test_lock(void **state)
{
    static const enum fault_kind kinds[] = {FAULT_ARENA, FAULT_ARGON2};
    const struct view passphrase = text_view("passphrase");

    (void)state;
    fill_table();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        set_fault(kinds[i], 1);
        assert_int_equal(lock_close(passphrase), ERR_NO_MEMORY);
        assert_true(end_fault());
        assert_false(lock_is_closed());
        assert_all_sign();

        assert_int_equal(lock_close(passphrase), OK);
        set_fault(kinds[i], 1);
        assert_int_equal(lock_open(passphrase), ERR_NO_MEMORY);
        assert_true(end_fault());
        assert_true(lock_is_closed());
        assert_int_equal(lock_open(passphrase), OK);
        assert_all_sign();
    }
    keytable_clear();
}

/* What fails after the passphrase has proved right may not lose a key. */
static void test_unlock(void **state)
{
    const struct view passphrase = text_view("passphrase");
    bool hit = true;

    (void)state;
    fill_table();
    /* Not each of some thousand: Argon2 takes its time. */
    for (unsigned n = 2; hit; n += n < 10 ? 1 : n / 3) {
        assert_int_equal(lock_close(passphrase), OK);
        set_fault(FAULT_ARENA, n);
        assert_int_equal(lock_open(passphrase), OK);
        hit = end_fault();
        assert_false(lock_is_closed());
        assert_all_sign();
    }
    keytable_clear();
}

/* Takes what is left of the arena, in a list through its blocks. */
static void **fill_arena(void)
{
    void **list = NULL;

    fault.no_growth = true;
    for (size_t n = (size_t)64 * 1024; n >= sizeof(void *); n /= 2) {
        void **block;

        while ((block = __real_secret_alloc(n)) != NULL) {
            *block = (void *)list;
            list = block;
        }
    }
    fault.no_growth = false;
    return list;
}

/*
 * A region that could not be had is no end: with the next key the arena tries again. With one kind
 * of key, since each region stays, and a plain user has not many.
 */
static void test_grow(void **state)
{
    bool hit = true;
    unsigned n;

    (void)state;
    for (n = 1; hit; n++) {
        size_t size = arena_size();
        void **list = fill_arena();
        struct key *key = NULL;
        enum err err;

        set_fault(FAULT_SYSTEM, n);
        err = key_of(&files[RSA_2048], &key);
        hit = end_fault();
        assert_true(err == OK || (hit && is_clean(err)));
        if (err != OK) {
            assert_null(key);
            assert_int_equal(key_of(&files[RSA_2048], &key), OK);
        }
        assert_true(arena_size() > size);
        assert_signs(key, RSA_2048);
        key_free(&key);
        empty_arena(list);
    }
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_heap), cmocka_unit_test(test_add_arena),
        cmocka_unit_test(test_sign),     cmocka_unit_test(test_lock),
        cmocka_unit_test(test_unlock),   cmocka_unit_test(test_grow),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
