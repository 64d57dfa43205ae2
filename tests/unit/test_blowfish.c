/* SPDX-License-Identifier: BSD-2-Clause */
/* Blowfish against the vectors that Eric Young made, which Schneier published with it. */
#include "blowfish.h"

#include "unit.h"

static const struct {
    uint32_t key[2], plain[2], cipher[2];
} vectors[] = {
    {{0x00000000, 0x00000000}, {0x00000000, 0x00000000}, {0x4ef99745, 0x6198dd78}},
    {{0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x51866fd5, 0xb85ecb8a}},
    {{0x30000000, 0x00000000}, {0x10000000, 0x00000001}, {0x7d856f9a, 0x613063f2}},
    {{0x11111111, 0x11111111}, {0x11111111, 0x11111111}, {0x2466dd87, 0x8b963c9d}},
    {{0x01234567, 0x89abcdef}, {0x11111111, 0x11111111}, {0x61f9c380, 0x2281b096}},
    {{0x11111111, 0x11111111}, {0x01234567, 0x89abcdef}, {0x7d0cc630, 0xafda1ec7}},
    {{0xfedcba98, 0x76543210}, {0x01234567, 0x89abcdef}, {0x0aceab0f, 0xc6a0a28d}},
    {{0x7ca11045, 0x4a1a6e57}, {0x01a1d6d0, 0x39776742}, {0x59c68245, 0xeb05282b}},
    {{0x0131d961, 0x9dc1376e}, {0x5cd54ca8, 0x3def57da}, {0xb1b8cc0b, 0x250f09a0}},
    {{0x07a1133e, 0x4a0b2686}, {0x0248d438, 0x06f67172}, {0x1730e577, 0x8bea1da4}},
    {{0x3849674c, 0x2602319e}, {0x51454b58, 0x2ddf440a}, {0xa25e7856, 0xcf2651eb}},
    {{0x04b915ba, 0x43feb5b6}, {0x42fd4430, 0x59577fa2}, {0x353882b1, 0x09ce8f1a}},
    {{0x0113b970, 0xfd34f2ce}, {0x059b5e08, 0x51cf143a}, {0x48f4d088, 0x4c379918}},
    {{0x0170f175, 0x468fb5e6}, {0x0756d8e0, 0x774761d2}, {0x432193b7, 0x8951fc98}},
    {{0x43297fad, 0x38e373fe}, {0x762514b8, 0x29bf486a}, {0x13f04154, 0xd69d1ae5}},
};

/* A key of 8 bytes, as the 64 that it is repeated to. */
static void repeat(const uint32_t key[2], uint32_t ret[BLOWFISH_KEY_WORDS])
{
    for (size_t i = 0; i < BLOWFISH_KEY_WORDS; i++) {
        ret[i] = key[i % 2];
    }
}

static void encrypt_and_check(const struct blowfish *state, size_t i)
{
    uint32_t block[2] = {vectors[i].plain[0], vectors[i].plain[1]};

    blowfish_encrypt(state, block);
    assert_int_equal(block[0], vectors[i].cipher[0]);
    assert_int_equal(block[1], vectors[i].cipher[1]);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct blowfish b = blowfish_pi;
        uint32_t key[BLOWFISH_KEY_WORDS];

        repeat(vectors[i].key, key);
        blowfish_expand(&b, NULL, key);
        encrypt_and_check(&b, i);
    }
}

/* Two states at once, with different keys in each place. */
static void test_two_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const size_t j = (i + 1) % COUNT(vectors);
        struct blowfish a = blowfish_pi;
        struct blowfish b = blowfish_pi;
        uint32_t key_a[BLOWFISH_KEY_WORDS];
        uint32_t key_b[BLOWFISH_KEY_WORDS];

        repeat(vectors[i].key, key_a);
        repeat(vectors[j].key, key_b);
        blowfish_expand_two(&a, key_a, &b, key_b);
        encrypt_and_check(&a, i);
        encrypt_and_check(&b, j);
    }
}

/* A salt of zeros is none; another one changes the result. bcrypt's vectors say what to. */
static void test_salt(void **state)
{
    static const uint32_t zeros[BLOWFISH_KEY_WORDS];
    const uint32_t ones[BLOWFISH_KEY_WORDS] = {1};
    struct blowfish without = blowfish_pi;
    struct blowfish with = blowfish_pi;
    struct blowfish other = blowfish_pi;
    uint32_t key[BLOWFISH_KEY_WORDS];

    (void)state;
    repeat(vectors[4].key, key);
    blowfish_expand(&without, NULL, key);
    blowfish_expand(&with, zeros, key);
    blowfish_expand(&other, ones, key);
    assert_memory_equal(&without, &with, sizeof with);
    assert_memory_not_equal(&without, &other, sizeof other);
}

static void test_words(void **state)
{
    uint32_t words[BLOWFISH_KEY_WORDS];
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    blowfish_words(bytes, words);
    assert_int_equal(words[0], 0x00010203);
    assert_int_equal(words[15], 0x3c3d3e3f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_salt),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
