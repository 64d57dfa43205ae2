/* SPDX-License-Identifier: BSD-2-Clause */
/* include/keyblob.h, on blobs that ssh-keygen made. */
#include "keyblob.h"
#include "keygen.h"

#define BLOBS (2 * COUNT(keygen_kinds))

/* First the plain keys, then their certificates. */
static struct view blobs[BLOBS];

static int start(void **state)
{
    char file[64];

    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    for (size_t i = 0; i < BLOBS; i++) {
        snprintf(file, sizeof file, i < COUNT(keygen_kinds) ? "%s.pub" : "%s-cert.pub",
                 keygen_kinds[i % COUNT(keygen_kinds)].name);
        blobs[i] = keygen_blob(file);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOBS; i++) {
        view_free(&blobs[i]);
    }
    keygen_stop();
    return 0;
}

static enum err parse(struct view blob, struct public_key *ret)
{
    struct view copy = exact_copy(blob.data, blob.len);
    enum err err = public_key_parse(copy, ret);

    view_free(&copy);
    return err;
}

/* The analyzer does not know that an assertion does not return, so the type is never NULL. */
static struct public_key parsed(struct view blob)
{
    static const struct key_type none;
    struct public_key key = {.type = &none};

    assert_int_equal(public_key_parse(blob, &key), OK);
    return key;
}

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOBS; i++) {
        const struct keygen_kind *kind = &keygen_kinds[i % COUNT(keygen_kinds)];
        struct public_key key = parsed(blobs[i]);

        assert_string_equal(key.type->name, kind->ssh_name);
        assert_string_equal(key.type->cert_name, kind->cert_name);
        assert_int_equal(key.is_cert, i >= COUNT(keygen_kinds));
    }
}

/* The fields, at the places that the RFCs give them in a plain blob. */
static void test_fields(void **state)
{
    static const size_t point_at[] = {4 + 11 + 4, 0, 4 + 19 + 4 + 8 + 4, 4 + 19 + 4 + 8 + 4,
                                      4 + 19 + 4 + 8 + 4};
    static const size_t point_len[] = {32, 0, 65, 97, 133};

    (void)state;
    for (size_t i = 0; i < COUNT(keygen_kinds); i++) {
        struct public_key key = parsed(blobs[i]);

        if (i == 1) {
            assert_view_equal(key.e, ((struct view){(const uint8_t[]){1, 0, 1}, 3}));
            assert_int_equal(key.n.len, 256);
            /* string "ssh-rsa", mpint e, then a length and a zero byte before n */
            assert_ptr_equal(key.n.data, blobs[i].data + 11 + 7 + 5);
            assert_ptr_equal(key.n.data + key.n.len, blobs[i].data + blobs[i].len);
        } else {
            assert_ptr_equal(key.point.data, blobs[i].data + point_at[i]);
            assert_int_equal(key.point.len, point_len[i]);
        }
    }
}

static void test_kinds(void **state)
{
    static const struct {
        enum key_kind kind;
        const char *curve, *group, *digest;
        size_t field;
    } want[] = {
        {KEY_ED25519, NULL, NULL, NULL, 32},
        {KEY_RSA, NULL, NULL, NULL, 0},
        {KEY_ECDSA, "nistp256", "P-256", "SHA256", 32}, /* RFC 5656, section 6.2.1 */
        {KEY_ECDSA, "nistp384", "P-384", "SHA384", 48},
        {KEY_ECDSA, "nistp521", "P-521", "SHA512", 66},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++) {
        struct public_key key = parsed(blobs[i]);

        assert_int_equal(key.type->kind, want[i].kind);
        if (want[i].curve != NULL) {
            assert_string_equal(key.type->curve, want[i].curve);
            assert_string_equal(key.type->group, want[i].group);
            assert_string_equal(key.type->digest, want[i].digest);
            assert_int_equal(key.type->field, want[i].field);
        }
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOBS; i++) {
        for (size_t len = 0; len < blobs[i].len; len++) {
            struct public_key key = {.is_cert = true, .n = text_view("before")};

            assert_int_equal(parse((struct view){blobs[i].data, len}, &key), ERR_MALFORMED);
            assert_null(key.type);
            assert_view_is(key.n, "before");
        }
    }
}

static void test_a_trailing_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOBS; i++) {
        uint8_t *longer = malloc(blobs[i].len + 1);
        struct public_key key = {0};

        assert_non_null(longer);
        memcpy(longer, blobs[i].data, blobs[i].len);
        longer[blobs[i].len] = 0;
        assert_int_equal(parse((struct view){longer, blobs[i].len + 1}, &key), ERR_MALFORMED);
        free(longer);
    }
}

/* What is written is the plain blob, byte for byte, for a key and for its certificate. */
static void test_writing(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOBS; i++) {
        uint8_t bytes[1024];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        struct public_key key = parsed(blobs[i]);

        put_public_key(&w, &key);
        assert_int_equal(w.err, OK);
        assert_view_equal(wire_written(&w), blobs[i % COUNT(keygen_kinds)]);
    }
}

static enum err parse_fields(const char *name, const struct view fields[], size_t count)
{
    uint8_t bytes[8192];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct public_key key = {0};

    put_text(&w, name);
    for (size_t i = 0; i < count; i++) {
        put_string(&w, fields[i]);
    }
    assert_int_equal(w.err, OK);
    return parse(wire_written(&w), &key);
}

static void test_refused_types(void **state)
{
    static const struct {
        const char *name;
        enum err err;
    } refused[] = {
        {"ssh-dss", ERR_KEY_DSA},
        {"ssh-dss-cert-v01@openssh.com", ERR_KEY_DSA},
        {"sk-ssh-ed25519@openssh.com", ERR_KEY_SK},
        {"sk-ecdsa-sha2-nistp256@openssh.com", ERR_KEY_SK},
        {"sk-ssh-ed25519-cert-v01@openssh.com", ERR_KEY_SK},
        {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", ERR_KEY_SK},
        {"", ERR_KEY_TYPE},
        {"ssh-ed448", ERR_KEY_TYPE},
        {"ssh-ed2551", ERR_KEY_TYPE},
        {"ssh-ed25519 ", ERR_KEY_TYPE},
        {"SSH-RSA", ERR_KEY_TYPE},
        {"rsa-sha2-256", ERR_KEY_TYPE},
        {"ecdsa-sha2-nistp224", ERR_KEY_TYPE},
        {"ssh-ed25519-cert-v02@openssh.com", ERR_KEY_TYPE},
        {"0123456789012345678901234567890123456789012345678901234567890123", ERR_KEY_TYPE},
        {"01234567890123456789012345678901234567890123456789012345678901234", ERR_TOO_BIG},
    };
    const struct view field = text_view("x");

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_int_equal(parse_fields(refused[i].name, &field, 1), refused[i].err);
    }
}

static void test_ed25519_sizes(void **state)
{
    static const uint8_t zeros[64];

    (void)state;
    for (size_t len = 0; len <= sizeof zeros; len++) {
        struct view point = {zeros, len};

        assert_int_equal(parse_fields("ssh-ed25519", &point, 1), len == 32  ? OK
                                                                 : len < 32 ? ERR_KEY_INVALID
                                                                            : ERR_TOO_BIG);
    }
}

static void test_ecdsa_points(void **state)
{
    (void)state;
    for (size_t i = 2; i < COUNT(keygen_kinds); i++) {
        const char *name = keygen_kinds[i].ssh_name;
        const char *curve = name + strlen("ecdsa-sha2-");
        /* behind three length words and two names */
        const size_t start_of_point = 12 + strlen(name) + strlen(curve);
        const size_t len = blobs[i].len - start_of_point;
        uint8_t point[140] = {0};

        assert_true(len < sizeof point);
        memcpy(point, blobs[i].data + start_of_point, len);
        for (size_t n = 0; n <= sizeof point; n++) {
            const struct view fields[] = {text_view(curve), {point, n}};

            assert_int_equal(parse_fields(name, fields, 2), n == len  ? OK
                                                            : n < len ? ERR_KEY_INVALID
                                                                      : ERR_TOO_BIG);
        }
        /* Compressed, hybrid and infinity have other first bytes. */
        for (unsigned first = 0; first < 256; first++) {
            const struct view fields[] = {text_view(curve), {point, len}};

            point[0] = (uint8_t)first;
            assert_int_equal(parse_fields(name, fields, 2), first == 4 ? OK : ERR_KEY_INVALID);
        }
    }
}

static void test_ecdsa_curve_names(void **state)
{
    static const char *const names[] = {"nistp256", "nistp384", "nistp521", "nistp25",
                                        "NISTP256", "",         "P-256",    "1.3.132.0.10"};

    (void)state;
    for (size_t i = 2; i < COUNT(keygen_kinds); i++) {
        const char *own = keygen_kinds[i].ssh_name + strlen("ecdsa-sha2-");
        struct public_key key = parsed(blobs[i]);

        for (size_t j = 0; j < COUNT(names); j++) {
            const struct view fields[] = {text_view(names[j]), key.point};

            assert_int_equal(parse_fields(keygen_kinds[i].ssh_name, fields, 2),
                             strcmp(names[j], own) == 0 ? OK : ERR_KEY_INVALID);
        }
    }
}

static void test_rsa_numbers(void **state)
{
    static uint8_t number[MPINT_MAX + 1] = {0x7f};
    const struct view zero = {number, 0};
    const struct view one = {(const uint8_t[]){1}, 1};
    const struct view negative = {(const uint8_t[]){0x80, 1}, 2};
    const struct view padded = {(const uint8_t[]){0, 1}, 2};
    const struct view longest = {number, MPINT_MAX};
    const struct view too_long = {number, MPINT_MAX + 1};
    const struct {
        struct view fields[2];
        enum err err;
    } keys[] = {
        {{one, one}, OK},
        {{one, longest}, OK},
        {{longest, one}, OK},
        {{zero, one}, ERR_KEY_INVALID},
        {{one, zero}, ERR_KEY_INVALID},
        {{negative, one}, ERR_MALFORMED},
        {{one, negative}, ERR_MALFORMED},
        {{padded, one}, ERR_MALFORMED},
        {{one, padded}, ERR_MALFORMED},
        {{too_long, one}, ERR_TOO_BIG},
        {{one, too_long}, ERR_TOO_BIG},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(parse_fields("ssh-rsa", keys[i].fields, 2), keys[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),           cmocka_unit_test(test_fields),
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_a_trailing_byte), cmocka_unit_test(test_writing),
        cmocka_unit_test(test_refused_types),   cmocka_unit_test(test_ed25519_sizes),
        cmocka_unit_test(test_ecdsa_points),    cmocka_unit_test(test_ecdsa_curve_names),
        cmocka_unit_test(test_rsa_numbers),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
