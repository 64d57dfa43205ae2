/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/sign_*.c: keys that are refused, and with which error. */
#include "held_keys.h"

#include "all_kinds.h"

static struct openssh_key others[KINDS];

static int start(void **state)
{
    char file[64];

    (void)state;
    held_keys_init();
    all_kinds_make();
    for (size_t i = 0; i < KINDS; i++) {
        snprintf(file, sizeof file, "other-%s", keygen_kinds[i].name);
        keygen_make(file, keygen_kinds[i].type, keygen_kinds[i].bits);
        openssh_key_read(file, &others[i]);
    }
    return 0;
}

static int stop(void **state)
{
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_free(&others[i]);
    }
    return all_kinds_free(state);
}

/* What becomes of this key; it must not leave anything in the arena. */
static enum err result(const struct openssh_key *from)
{
    struct key *key = NULL;
    enum err err = key_of(from, &key);

    assert_int_equal(err == OK, key != NULL);
    key_free(&key);
    return err;
}

static enum err result_with(const struct openssh_key *from, size_t field, struct view value)
{
    struct openssh_key changed = *from;

    changed.field[field] = value;
    return result(&changed);
}

static BIGNUM *number(struct view v)
{
    BIGNUM *n = BN_bin2bn(v.data, (int)v.len, NULL);

    assert_non_null(n);
    return n;
}

/* A number as an mpint's content; the caller frees it and the view. */
static struct view mpint(BIGNUM *n)
{
    uint8_t bytes[4096];
    int len = BN_bn2bin(n, bytes + 1);

    bytes[0] = 0;
    BN_free(n);
    return len > 0 && (bytes[1] & 0x80) != 0 ? exact_copy(bytes, (size_t)len + 1)
                                             : exact_copy(bytes + 1, (size_t)len);
}

static enum err result_with_number(const struct openssh_key *from, size_t field, BIGNUM *n)
{
    struct view value = mpint(n);
    enum err err = result_with(from, field, value);

    view_free(&value);
    return err;
}

/* The field plus something small. */
static BIGNUM *plus(struct view v, int add)
{
    BIGNUM *n = number(v);

    assert_int_equal(add < 0 ? BN_sub_word(n, (BN_ULONG)-add) : BN_add_word(n, (BN_ULONG)add), 1);
    return n;
}

static void test_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        assert_int_equal(result(&files[i]), OK);
        assert_int_equal(result(&others[i]), OK);
    }
}

/* One key's public half with the other's private half. */
static void test_halves_of_two_keys(void **state)
{
    static const size_t first_private[KINDS] = {ED25519_SECRET, RSA_D, ECDSA_D, ECDSA_D, ECDSA_D};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct openssh_key mixed = files[i];

        for (size_t field = first_private[i]; field < mixed.fields; field++) {
            mixed.field[field] = others[i].field[field];
        }
        assert_int_equal(result(&mixed), ERR_KEY_MISMATCH);
    }
}

static void test_certificate_of_another_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct openssh_key mixed = others[i];
        struct key *key = NULL;

        if (i == ED25519) { /* beside the certificate it must be the certificate's to get here */
            mixed.field[ED25519_PUBLIC] = files[i].field[ED25519_PUBLIC];
        }
        assert_int_equal(key_of_certificate(&mixed, certificates[i], &key), ERR_KEY_MISMATCH);
        assert_null(key);
        assert_int_equal(key_of_certificate(&files[i], certificates[i], &key), OK);
        key_free(&key);
    }
}

/* ed25519: the public key is there twice, and the seed makes it once more. */
static void test_ed25519_parts(void **state)
{
    const struct view own_public = files[ED25519].field[ED25519_PUBLIC];
    const struct view other_public = others[ED25519].field[ED25519_PUBLIC];
    const uint8_t *own_secret = files[ED25519].field[ED25519_SECRET].data;
    const uint8_t *other_secret = others[ED25519].field[ED25519_SECRET].data;

    (void)state;
    for (unsigned mask = 0; mask < 8; mask++) {
        struct openssh_key mixed = files[ED25519];
        uint8_t secret[64];

        memcpy(secret, (mask & 1) != 0 ? other_secret : own_secret, 32);
        memcpy(secret + 32, (mask & 2) != 0 ? other_public.data : own_public.data, 32);
        mixed.field[ED25519_SECRET] = (struct view){secret, sizeof secret};
        mixed.field[ED25519_PUBLIC] = (mask & 4) != 0 ? other_public : own_public;
        assert_int_equal(result(&mixed), mask == 0 || mask == 7 ? OK : ERR_KEY_MISMATCH);
    }
}

/* One bit of the public key, of the seed, of its copy behind the seed: each bit counts. */
static void test_ed25519_bits(void **state)
{
    (void)state;
    for (size_t field = ED25519_PUBLIC; field <= ED25519_SECRET; field++) {
        struct view v = files[ED25519].field[field];

        for (size_t bit = 0; bit < 8 * v.len; bit++) {
            uint8_t bytes[64];

            memcpy(bytes, v.data, v.len);
            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(result_with(&files[ED25519], field, (struct view){bytes, v.len}),
                             ERR_KEY_MISMATCH);
        }
    }
}

static void test_rsa_private_numbers(void **state)
{
    const struct openssh_key *rsa = &files[RSA_2048];
    const struct view none = {NULL, 0};

    (void)state;
    for (int step = 1; step <= 2; step++) {
        enum err prime_err = step == 1 ? ERR_KEY_INVALID /* even */ : ERR_KEY_MISMATCH;

        assert_int_equal(result_with_number(rsa, RSA_D, plus(rsa->field[RSA_D], step)),
                         ERR_KEY_MISMATCH);
        assert_int_equal(result_with_number(rsa, RSA_IQMP, plus(rsa->field[RSA_IQMP], step)),
                         ERR_KEY_MISMATCH);
        assert_int_equal(result_with_number(rsa, RSA_P, plus(rsa->field[RSA_P], step)), prime_err);
        assert_int_equal(result_with_number(rsa, RSA_Q, plus(rsa->field[RSA_Q], step)), prime_err);
    }
    assert_int_equal(result_with(rsa, RSA_D, none), ERR_KEY_MISMATCH);
    assert_int_equal(result_with(rsa, RSA_IQMP, none), ERR_KEY_MISMATCH);
    assert_int_equal(result_with(rsa, RSA_P, none), ERR_KEY_INVALID);
    assert_int_equal(result_with(rsa, RSA_Q, none), ERR_KEY_INVALID);
}

/* d that is right for one prime only. */
static void test_rsa_exponent_of_each_prime(void **state)
{
    const struct openssh_key *rsa = &files[RSA_2048];

    (void)state;
    for (size_t prime = RSA_P; prime <= RSA_Q; prime++) {
        BIGNUM *d = number(rsa->field[RSA_D]);
        BIGNUM *order = plus(rsa->field[prime], -1);

        assert_int_equal(BN_add(d, d, order), 1);
        BN_free(order);
        assert_int_equal(result_with_number(rsa, RSA_D, d), ERR_KEY_MISMATCH);
    }
}

/* A larger d of the same residues is the same key. */
static void test_rsa_larger_exponent(void **state)
{
    const struct openssh_key *rsa = &files[RSA_2048];
    BN_CTX *context = BN_CTX_new();
    BIGNUM *d = number(rsa->field[RSA_D]);
    BIGNUM *p = plus(rsa->field[RSA_P], -1);
    BIGNUM *q = plus(rsa->field[RSA_Q], -1);

    (void)state;
    assert_int_equal(BN_mul(p, p, q, context), 1);
    assert_int_equal(BN_add(d, d, p), 1);
    BN_free(p);
    BN_free(q);
    BN_CTX_free(context);
    assert_int_equal(result_with_number(rsa, RSA_D, d), OK);
}

static void test_rsa_primes(void **state)
{
    const struct view one = {(const uint8_t[]){1}, 1};
    struct openssh_key changed = files[RSA_2048];

    (void)state;
    /* In the other order the coefficient is another number. */
    changed.field[RSA_P] = files[RSA_2048].field[RSA_Q];
    changed.field[RSA_Q] = files[RSA_2048].field[RSA_P];
    assert_int_equal(result(&changed), ERR_KEY_MISMATCH);

    /* 1 and n: their product is n. */
    changed = files[RSA_2048];
    changed.field[RSA_P] = one;
    changed.field[RSA_Q] = changed.field[RSA_N];
    assert_int_equal(result(&changed), ERR_KEY_INVALID);
    changed.field[RSA_Q] = one;
    changed.field[RSA_P] = changed.field[RSA_N];
    assert_int_equal(result(&changed), ERR_KEY_INVALID);

    changed = files[RSA_2048];
    changed.field[RSA_Q] = changed.field[RSA_P];
    assert_int_equal(result(&changed), ERR_KEY_MISMATCH);
}

static void test_rsa_public_numbers(void **state)
{
    const struct openssh_key *rsa = &files[RSA_2048];
    const uint8_t bits_64[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t bits_65[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    static const struct {
        uint8_t e;
        enum err err;
    } exponents[] = {
        {1, ERR_KEY_INVALID}, {2, ERR_KEY_INVALID}, {4, ERR_KEY_INVALID}, {3, ERR_KEY_MISMATCH}};

    (void)state;
    for (size_t i = 0; i < COUNT(exponents); i++) {
        assert_int_equal(result_with(rsa, RSA_E, (struct view){&exponents[i].e, 1}),
                         exponents[i].err);
    }
    assert_int_equal(result_with(rsa, RSA_E, (struct view){bits_64, sizeof bits_64}),
                     ERR_KEY_MISMATCH);
    assert_int_equal(result_with(rsa, RSA_E, (struct view){bits_65, sizeof bits_65}),
                     ERR_KEY_INVALID);
    assert_int_equal(result_with_number(rsa, RSA_N, plus(rsa->field[RSA_N], 1)), ERR_KEY_INVALID);
    assert_int_equal(result_with_number(rsa, RSA_N, plus(rsa->field[RSA_N], 2)), ERR_KEY_MISMATCH);
}

static void test_rsa_sizes(void **state)
{
    static const struct {
        const char *bits;
        enum err err;
    } sizes[] = {
        {"1024", ERR_KEY_RSA_SIZE}, {"2047", ERR_KEY_RSA_SIZE}, {"2049", OK}, {"3072", OK}};
    uint8_t huge[MPINT_MAX] = {1};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct openssh_key file;
        char name[32];

        snprintf(name, sizeof name, "rsa-%s", sizes[i].bits);
        keygen_make(name, "rsa", sizes[i].bits);
        openssh_key_read(name, &file);
        assert_int_equal(result(&file), sizes[i].err);
        openssh_key_free(&file);
    }
    huge[MPINT_MAX - 1] = 1; /* 16385 bits */
    assert_int_equal(result_with(&files[RSA_2048], RSA_N, (struct view){huge, MPINT_MAX}),
                     ERR_KEY_RSA_SIZE);
    huge[0] = 0;
    huge[1] = 0x80; /* 16384: large enough, but not the product of these primes */
    assert_int_equal(result_with(&files[RSA_2048], RSA_N, (struct view){huge, MPINT_MAX}),
                     ERR_KEY_MISMATCH);
}

static void test_ecdsa_points(void **state)
{
    (void)state;
    for (size_t kind = P256; kind <= P521; kind++) {
        struct view point = files[kind].field[ECDSA_POINT];
        uint8_t bytes[140];

        /* y + 1 is off the curve; so is (0, 0); coordinates past the field are no numbers of it. */
        memcpy(bytes, point.data, point.len);
        bytes[point.len - 1] ^= 1;
        assert_int_equal(result_with(&files[kind], ECDSA_POINT, (struct view){bytes, point.len}),
                         ERR_KEY_INVALID);
        memset(bytes + 1, 0, point.len - 1);
        assert_int_equal(result_with(&files[kind], ECDSA_POINT, (struct view){bytes, point.len}),
                         ERR_KEY_INVALID);
        memset(bytes + 1, 0xff, point.len - 1);
        assert_int_equal(result_with(&files[kind], ECDSA_POINT, (struct view){bytes, point.len}),
                         ERR_KEY_INVALID);
        assert_int_equal(result_with(&files[kind], ECDSA_POINT, others[kind].field[ECDSA_POINT]),
                         ERR_KEY_MISMATCH);
    }
}

/* -G is the public half of order - 1, and d and -d have the same x. */
static void test_ecdsa_scalars(void **state)
{
    static const int curves[] = {0, 0, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

    (void)state;
    for (size_t kind = P256; kind <= P521; kind++) {
        EC_GROUP *group = EC_GROUP_new_by_curve_name(curves[kind]);
        const BIGNUM *order = EC_GROUP_get0_order(group);
        const struct openssh_key *key = &files[kind];
        BIGNUM *negative = number(key->field[ECDSA_D]);
        BIGNUM *above = number(key->field[ECDSA_D]);
        BIGNUM *last = BN_dup(order);

        assert_int_equal(BN_sub(negative, order, negative), 1);
        assert_int_equal(BN_add(above, order, above), 1);
        assert_int_equal(BN_sub_word(last, 1), 1);
        assert_int_equal(result_with(key, ECDSA_D, (struct view){NULL, 0}), ERR_KEY_INVALID);
        assert_int_equal(result_with_number(key, ECDSA_D, BN_dup(order)), ERR_KEY_INVALID);
        assert_int_equal(result_with_number(key, ECDSA_D, last), ERR_KEY_MISMATCH);
        assert_int_equal(result_with_number(key, ECDSA_D, negative), ERR_KEY_MISMATCH);
        assert_int_equal(result_with_number(key, ECDSA_D, plus(key->field[ECDSA_D], 1)),
                         ERR_KEY_MISMATCH);
        /* The same key modulo the order, but no scalar of the curve. */
        assert_int_equal(result_with_number(key, ECDSA_D, above), ERR_KEY_INVALID);
        EC_GROUP_free(group);
    }
}

/* What a refused key took is given back. */
static void test_refusals_leave_nothing(void **state)
{
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        test_halves_of_two_keys(NULL);
        test_rsa_private_numbers(NULL);
        test_rsa_public_numbers(NULL);
        test_rsa_primes(NULL);
        test_ecdsa_points(NULL);
        if (i == 1) { /* libcrypto has all that it caches */
            before = arena_bytes_used();
        }
    }
    assert_int_equal(arena_bytes_used(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_they_are),
        cmocka_unit_test(test_halves_of_two_keys),
        cmocka_unit_test(test_certificate_of_another_key),
        cmocka_unit_test(test_ed25519_parts),
        cmocka_unit_test(test_ed25519_bits),
        cmocka_unit_test(test_rsa_private_numbers),
        cmocka_unit_test(test_rsa_exponent_of_each_prime),
        cmocka_unit_test(test_rsa_larger_exponent),
        cmocka_unit_test(test_rsa_primes),
        cmocka_unit_test(test_rsa_public_numbers),
        cmocka_unit_test(test_rsa_sizes),
        cmocka_unit_test(test_ecdsa_points),
        cmocka_unit_test(test_ecdsa_scalars),
        cmocka_unit_test(test_refusals_leave_nothing),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
