/* SPDX-License-Identifier: BSD-2-Clause */
/* bcrypt_pbkdf against the published vectors: OpenBSD's own, and those of Python's bcrypt. */
#include "bcrypt_pbkdf.h"

#include "secret_arena.h"
#include "unit.h"

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    struct view passphrase, salt;
    uint32_t rounds;
    const char *key; /* hexadecimal */
} vectors[] = {
    {TEXT("password"), TEXT("salt"), 4,
     "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9"},
    {TEXT("password"), TEXT("\0"), 4, "c12b566235eee04c212598970a579a67"},
    {TEXT("\0"), TEXT("salt"), 4, "6051be18c2f4f82cbf0efee5471b4bb9"},
    {TEXT("password\0"), TEXT("salt\0"), 4,
     "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050"},
    {TEXT("pass\0wor"), TEXT("sa\0l"), 4, "c2bffd9db38f6569efef4372f4de83c0"},
    {TEXT("pass\0word"), TEXT("sa\0lt"), 4, "4ba4ac3925c0e8d7f0cdb6bb1684a56f"},
    {TEXT("password"), TEXT("salt"), 8,
     "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec7"
     "6227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d"},
    {TEXT("password"), TEXT("salt"), 42, "833cf0dcf56db65608e8f0dc0ce882bd"},
    {TEXT("password"), TEXT("salt"), 16,
     "c339d704ec235f27690d3f12167c05a55bf86d572f270adbf9fe04c379da5f8c"
     "7942a939245dbb39ebe26fc2bd19b88b"},
    {TEXT("\x0d\xb3\xac\x94\xb3\xee\x53\x28\x4f\x4a\x22\x89\x3b\x3c\x24\xae"),
     TEXT("\x3a\x62\xf0\xf0\xdb\xce\xf8\x23\xcf\xcc\x85\x48\x56\xea\x10\x28"), 8,
     "204438175eee7ce136c91b49a67923ff"},
};

static int start(void **state)
{
    (void)state;
    return secret_init() == OK ? 0 : -1;
}

static size_t from_hex(const char *hex, uint8_t *ret)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        const char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        ret[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return len;
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const size_t before = arena_used();
        uint8_t expected[BCRYPT_PBKDF_MAX];
        uint8_t key[BCRYPT_PBKDF_MAX + 1];
        size_t len = from_hex(vectors[i].key, expected);
        struct bcrypt_pbkdf *kdf = NULL;
        unsigned steps = 1;

        key[len] = 0xa5;
        assert_int_equal(bcrypt_pbkdf_begin(vectors[i].passphrase, vectors[i].salt,
                                            vectors[i].rounds, len, &kdf),
                         OK);
        while (!bcrypt_pbkdf_step(kdf)) {
            steps++;
        }
        assert_int_equal(steps, 130 * vectors[i].rounds); /* small ones */
        assert_true(bcrypt_pbkdf_step(kdf));              /* done stays done */
        bcrypt_pbkdf_result(kdf, key);
        assert_memory_equal(key, expected, len);
        assert_int_equal(key[len], 0xa5);
        bcrypt_pbkdf_end(&kdf);
        assert_null(kdf);
        assert_int_equal(arena_used(), before);
    }
}

/* Two at a time, and one that is given up in between. */
static void test_in_turn(void **state)
{
    const size_t before = arena_used();
    struct bcrypt_pbkdf *kdf[3] = {NULL};
    uint8_t expected[BCRYPT_PBKDF_MAX];
    uint8_t key[BCRYPT_PBKDF_MAX];
    bool done[2] = {false, false};
    static const size_t which[] = {0, 6};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t vector = which[i % 2];

        assert_int_equal(bcrypt_pbkdf_begin(vectors[vector].passphrase, vectors[vector].salt,
                                            vectors[vector].rounds, strlen(vectors[vector].key) / 2,
                                            &kdf[i]),
                         OK);
    }
    for (int i = 0; i < 200; i++) {
        assert_false(bcrypt_pbkdf_step(kdf[2]));
    }
    while (!done[0] || !done[1]) {
        done[0] = bcrypt_pbkdf_step(kdf[0]);
        done[1] = bcrypt_pbkdf_step(kdf[1]);
        bcrypt_pbkdf_end(&kdf[2]);
    }
    for (size_t i = 0; i < 2; i++) {
        bcrypt_pbkdf_result(kdf[i], key);
        assert_memory_equal(key, expected, from_hex(vectors[which[i]].key, expected));
        bcrypt_pbkdf_end(&kdf[i]);
    }
    assert_int_equal(arena_used(), before);
}

static void test_refused(void **state)
{
    const struct view text = text_view("text");
    const struct view none = {NULL, 0};
    struct bcrypt_pbkdf *kdf = NULL;

    (void)state;
    assert_int_equal(bcrypt_pbkdf_begin(text, text, 1, 0, &kdf), ERR_TOO_BIG);
    assert_int_equal(bcrypt_pbkdf_begin(text, text, 1, BCRYPT_PBKDF_MAX + 1, &kdf), ERR_TOO_BIG);
    assert_int_equal(bcrypt_pbkdf_begin(none, text, 1, 32, &kdf), ERR_MALFORMED);
    assert_int_equal(bcrypt_pbkdf_begin(text, none, 1, 32, &kdf), ERR_MALFORMED);
    assert_int_equal(bcrypt_pbkdf_begin(text, text, 0, 32, &kdf), ERR_MALFORMED);
    assert_null(kdf);
    bcrypt_pbkdf_end(&kdf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
