/* SPDX-License-Identifier: BSD-2-Clause */
/* The allocator of keystore/secret.c: what it gives, and what it takes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "limits.h"
#include "secret_arena.h"

static int start(void **state)
{
    (void)state;
    return secret_init() == OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    secret_wipe_all();
    return 0;
}

/* Each size that a slab has blocks for, past the largest of them, then in steps. */
static size_t next_size(size_t n)
{
    return n < 9000 ? n + 1 : n + n / 7;
}

static void test_every_size(void **state)
{
    (void)state;
    for (size_t n = 0; n < 600 * KIB; n = next_size(n)) {
        uint8_t *a = secret_alloc(n);
        uint8_t *b = secret_alloc(n);

        assert_non_null(a);
        assert_non_null(b);
        assert_ptr_not_equal(a, b);
        assert_int_equal((uintptr_t)a % 16, 0);
        assert_int_equal((uintptr_t)b % 16, 0);
        assert_int_equal(secret_size(a), n);
        assert_true(is_zero(a, n) && is_zero(b, n));
        memset(a, 0xaa, n);
        assert_true(is_zero(b, n));
        memset(b, 0xbb, n);
        assert_true(n == 0 || (a[0] == 0xaa && a[n - 1] == 0xaa));
        secret_free(a);
        assert_true(n == 0 || (b[0] == 0xbb && b[n - 1] == 0xbb));
        secret_free(b);
    }
    assert_int_equal(arena_used(), 0);
}

static void test_page_blocks_start_on_a_page(void **state)
{
    uint8_t *p = secret_alloc(8 * KIB + 1);

    (void)state;
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % (4 * KIB), 0);
    secret_free(p);
}

static void test_free_wipes(void **state)
{
    (void)state;
    for (size_t n = 1; n < 600 * KIB; n = next_size(n)) {
        uint8_t *p = secret_alloc(n);

        assert_non_null(p);
        memset(p, 0xa5, n);
        secret_free(p);
        assert_true(is_zero(p, n + CANARY));
    }
}

static void test_free_of_null(void **state)
{
    (void)state;
    secret_free(NULL);
}

static void test_sizes_that_overflow(void **state)
{
    (void)state;
    assert_null(secret_alloc(SIZE_MAX));
    assert_null(secret_alloc(SIZE_MAX - CANARY));
    assert_null(secret_alloc(SIZE_MAX - CANARY + 1));
    assert_null(secret_alloc(SIZE_MAX / 2));
    assert_null(secret_alloc(64 * MIB));
    assert_null(secret_alloc_guarded(SIZE_MAX));
    assert_int_equal(arena_used(), 0);
}

static void test_realloc_moves(void **state)
{
    static const size_t sizes[] = {0, 1, 8, 9, 100, 8184, 8185, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            uint8_t *old = secret_realloc(NULL, sizes[i]);
            size_t kept = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
            uint8_t *new;

            memset(old, 0x5a, sizes[i]);
            new = secret_realloc(old, sizes[j]);
            assert_non_null(new);
            assert_ptr_not_equal(old, new);
            assert_int_equal(secret_size(new), sizes[j]);
            for (size_t k = 0; k < kept; k++) {
                assert_int_equal(new[k], 0x5a);
            }
            assert_true(is_zero(new + kept, sizes[j] - kept));
            assert_true(is_zero(old, sizes[i]));
            secret_free(new);
        }
    }
}

static void test_realloc_that_fails(void **state)
{
    uint8_t *p = secret_alloc(10);

    (void)state;
    memset(p, 1, 10);
    assert_null(secret_realloc(p, SIZE_MAX));
    assert_int_equal(p[9], 1);
    secret_free(p);
}

static void test_guarded_block_is_a_block(void **state)
{
    size_t before = arena_size();
    uint8_t *stack = secret_alloc_guarded(200 * KIB);

    (void)state;
    assert_non_null(stack);
    assert_int_equal(arena_size() - before, 256 * KIB);
    assert_true(is_zero(stack, 200 * KIB));
    memset(stack, 1, 200 * KIB);
    secret_free(stack);
    assert_int_equal(arena_used(), 0);
    assert_ptr_equal(secret_alloc(256 * KIB - CANARY), stack); /* the best fit */
    assert_int_equal(arena_size() - before, 256 * KIB);
}

/* What a free empties becomes one run again: a block as large as the region fits. */
static void test_everything_comes_back(void **state)
{
    static uint8_t *blocks[20000];
    size_t count = 0;

    (void)state;
    for (size_t n = 0; arena_used() < 1900 * KIB; n = (n * 5 + 3) % 20011) {
        blocks[count] = secret_alloc(n % 7 != 0 ? n % 300 : n);
        assert_non_null(blocks[count]);
        count++;
    }
    for (size_t step = 0; step < 3; step++) {
        for (size_t i = step; i < count; i += 3) {
            secret_free(blocks[i]);
        }
    }
    assert_int_equal(arena_used(), 0);
    assert_int_equal(arena_size(), 2 * MIB);
    assert_non_null(secret_alloc(2 * MIB - CANARY));
    assert_int_equal(arena_size(), 2 * MIB);
}

static void test_wipe_all_and_again(void **state)
{
    (void)state;
    memset(secret_alloc(100), 1, 100);
    secret_wipe_all();
    secret_wipe_all();
    assert_int_equal(arena_size(), 0);
    assert_int_equal(arena_used(), 0);
    assert_null(secret_alloc(1));
    assert_null(secret_alloc(100000));
    assert_int_equal(secret_init(), OK);
    assert_int_equal(secret_init(), OK);
    assert_true(is_zero(secret_alloc(100), 100));
}

/* Fills the arena with blocks of n bytes, chained through their first ones; counts them. */
static size_t fill(size_t n, void **chain)
{
    size_t count = 0;
    void **block;

    while ((block = secret_alloc(n)) != NULL) {
        *block = *chain;
        *chain = block;
        count++;
    }
    return count;
}

static void empty(void *chain)
{
    while (chain != NULL) {
        void *next = *(void **)chain;

        secret_free(chain);
        chain = next;
    }
}

/* Full, it says so, loses nothing, and is as good as new after the frees, for any size. */
static void fill_and_refill(const void *arg)
{
    static const size_t sizes[] = {24, 4000, 256, 20000, 1040, 300000, 24};

    (void)arg;
    start_small();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *chain = NULL;
        size_t count = fill(sizes[i], &chain);

        EXPECT(arena_size() == 8 * MIB);
        EXPECT(count * (sizes[i] + CANARY) > 6 * MIB);
        EXPECT(secret_alloc(sizes[i]) == NULL);
        secret_free(secret_realloc(NULL, 10000000)); /* NULL too */
        empty(chain);
        EXPECT(arena_used() == 0);
    }
}

/* A plain user's 8 MiB are shared out by the block that is asked for, not by the first comer. */
static void one_free_makes_room(const void *arg)
{
    void *chain = NULL;
    void **block;

    (void)arg;
    start_small();
    fill(1000, &chain);
    EXPECT(chain != NULL);
    block = chain;
    chain = *block;
    secret_free(block);
    block = secret_alloc(990);
    EXPECT(block != NULL);
    EXPECT(secret_alloc(1000) == NULL);
    secret_free(block);
    empty(chain);
}

/*
 * The blocks that libcrypto 3.0 holds for an RSA-4096 key that was built with EVP_PKEY_fromdata and
 * has signed once (counted with CRYPTO_set_mem_functions), with two contexts ready to sign, and our
 * own copy of the private part: n, e, d, iqmp, p, q as mpints, with room for encryption.
 */
static const struct {
    uint16_t size;
    uint16_t count;
} rsa_4096[] = {{8, 2},   {24, 12}, {56, 3},  {80, 1},  {104, 3}, {152, 1},  {176, 2},
                {192, 2}, {224, 1}, {256, 7}, {512, 6}, {520, 2}, {1032, 1}, {1862, 1}};

static bool alloc_key(void)
{
    for (size_t i = 0; i < sizeof rsa_4096 / sizeof rsa_4096[0]; i++) {
        for (size_t j = 0; j < rsa_4096[i].count; j++) {
            if (secret_alloc(rsa_4096[i].size) == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* 0.6 MB of libcrypto's own, a request buffer, 480 keys, and what one signature takes. */
static void hold_480_keys(const void *arg)
{
    static const size_t own[] = {24, 40, 16, 104, 72, 200, 56, 32, 136, 64, 8, 504, 24};
    size_t sum = 0;
    size_t keys = 0;

    (void)arg;
    start_small();
    for (size_t i = 0; sum < 600000; i = (i + 1) % (sizeof own / sizeof own[0])) {
        EXPECT(secret_alloc(own[i]) != NULL);
        sum += own[i];
    }
    EXPECT(secret_alloc(FRAME_MAX + 1024) != NULL);
    while (keys < 480) {
        EXPECT(alloc_key());
        keys++;
    }
    EXPECT(secret_alloc(20000) != NULL && secret_alloc(20000) != NULL);
    while (alloc_key()) {
        keys++;
    }
    dprintf(STDERR_FILENO, "%zu keys\n", keys);
}

/* Adding ends where room for signing would be lost; there is such room then, in any sizes. */
static void keep_room(const void *arg)
{
    (void)arg;
    start_small();
    while (secret_has_room(128 * KIB)) {
        EXPECT(secret_alloc(1000) != NULL);
    }
    EXPECT(arena_size() == 8 * MIB);
    EXPECT(arena_used() > 7 * MIB);
    EXPECT(secret_has_room(120 * KIB));
    for (size_t i = 0; i < 100; i++) {
        EXPECT(secret_alloc(24) != NULL && secret_alloc(104) != NULL && secret_alloc(512) != NULL);
    }
    EXPECT(secret_alloc(20000) != NULL);
    while (secret_alloc(0) != NULL) {
    }
    EXPECT(!secret_has_room(0));
    EXPECT(!secret_has_room(SIZE_MAX));
}

static void runs_as_plain_user(void (*f)(const void *arg))
{
    struct child_end end;

    if (!can_be_plain_user(8 * MIB)) {
        skip();
    }
    in_child(f, NULL, &end);
    print_message("%s", end.text);
    assert_int_equal(end.status, 0);
}

static void test_full(void **state)
{
    (void)state;
    runs_as_plain_user(fill_and_refill);
    runs_as_plain_user(one_free_makes_room);
    runs_as_plain_user(keep_room);
}

static void test_budget(void **state)
{
    (void)state;
    runs_as_plain_user(hold_480_keys);
}

#define SEED     20240607U
#define ROUNDS   200000U
#define MODELLED 3000U

struct modelled {
    uint8_t *secret;
    uint8_t *copy; /* from malloc */
    size_t size;
};

static uint32_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*random >> 33);
}

static size_t random_size(uint64_t *random)
{
    uint32_t limit = 2U << next_random(random) % 12U;

    return next_random(random) % 512U == 0 ? next_random(random) % 300000U
                                           : next_random(random) % limit;
}

static void drop(struct modelled *m)
{
    assert_int_equal(secret_size(m->secret), m->size);
    assert_memory_equal(m->secret, m->copy, m->size);
    secret_free(m->secret);
    free(m->copy);
    *m = (struct modelled){0};
}

static void make(struct modelled *m, size_t size, uint64_t *random)
{
    m->size = size;
    m->secret = secret_alloc(size);
    m->copy = malloc(size + 1);
    assert_non_null(m->secret);
    assert_non_null(m->copy);
    assert_true(is_zero(m->secret, size));
    memset(m->copy, (int)next_random(random), size);
    memcpy(m->secret, m->copy, size);
}

static void resize(struct modelled *m, size_t size)
{
    size_t kept = m->size < size ? m->size : size;

    m->secret = secret_realloc(m->secret, size);
    m->copy = realloc(m->copy, size + 1);
    assert_non_null(m->secret);
    assert_non_null(m->copy);
    memset(m->copy + kept, 0, size - kept);
    m->size = size;
}

static void test_model(void **state)
{
    static struct modelled all[MODELLED];
    uint64_t random = SEED;

    (void)state;
    print_message("seed %u\n", SEED);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct modelled *m = &all[next_random(&random) % MODELLED];

        if (m->secret == NULL) {
            make(m, random_size(&random), &random);
        } else if (next_random(&random) % 8U == 0) {
            resize(m, random_size(&random));
        } else {
            drop(m);
        }
    }
    for (size_t i = 0; i < MODELLED; i++) {
        if (all[i].secret != NULL) {
            drop(&all[i]);
        }
    }
    assert_int_equal(arena_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size, start, stop),
        cmocka_unit_test_setup_teardown(test_page_blocks_start_on_a_page, start, stop),
        cmocka_unit_test_setup_teardown(test_free_wipes, start, stop),
        cmocka_unit_test_setup_teardown(test_free_of_null, start, stop),
        cmocka_unit_test_setup_teardown(test_sizes_that_overflow, start, stop),
        cmocka_unit_test_setup_teardown(test_realloc_moves, start, stop),
        cmocka_unit_test_setup_teardown(test_realloc_that_fails, start, stop),
        cmocka_unit_test_setup_teardown(test_guarded_block_is_a_block, start, stop),
        cmocka_unit_test_setup_teardown(test_everything_comes_back, start, stop),
        cmocka_unit_test_setup_teardown(test_wipe_all_and_again, start, stop),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_budget),
        cmocka_unit_test_setup_teardown(test_model, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
