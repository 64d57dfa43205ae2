/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/certificate.c, on certificates that ssh-keygen made (OpenSSH's PROTOCOL.certkeys). */
#include "certificate.h"
#include "keygen.h"

#define YEAR_2024 1704067200U /* 2024-01-01 00:00:00 UTC */
#define YEAR_2030 1893456000U
#define FOREVER   UINT64_MAX
#define ARGS_MAX  8U

static struct view blobs[KINDS];

/* A certificate of the key, from 2024 to 2030, with more arguments; the caller frees. */
static struct view make_certificate(const char *key, const char *authority,
                                    const char *const more[ARGS_MAX])
{
    char public[64];
    char certificate[64];
    const char *argv[16 + ARGS_MAX] = {
        "ssh-keygen", "-q", "-s", authority, "-I",
        "the id",     "-z", "77", "-V",      "20240101000000Z:20300101000000Z"};
    size_t count = 10;

    for (size_t i = 0; i < ARGS_MAX && more[i] != NULL; i++) {
        argv[count++] = more[i];
    }
    snprintf(public, sizeof public, "%s.pub", key);
    snprintf(certificate, sizeof certificate, "%s-cert.pub", key);
    argv[count] = public;
    keygen_run(NULL, argv);
    return keygen_blob(certificate);
}

static const char *const for_host[ARGS_MAX] = {"-h", "-n", "a.example,b.example"};

static int start(void **state)
{
    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_make("ca", "ed25519", "256");
    for (size_t i = 0; i < KINDS; i++) {
        blobs[i] = make_certificate(keygen_kinds[i].name, "ca", for_host);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        view_free(&blobs[i]);
    }
    keygen_stop();
    return 0;
}

static struct certificate parsed(struct view blob)
{
    struct certificate certificate = {0};

    assert_int_equal(certificate_parse(blob, &certificate), OK);
    return certificate;
}

static void test_fields(void **state)
{
    struct view authority = keygen_blob("ca.pub");

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct certificate certificate = parsed(blobs[i]);
        struct wire_reader r = wire_reader(certificate.principals.data, certificate.principals.len);

        assert_string_equal(certificate.key.type->name, keygen_kinds[i].ssh_name);
        assert_true(certificate.key.is_cert);
        assert_int_equal(certificate.serial, 77);
        assert_int_equal(certificate.type, CERTIFICATE_HOST);
        assert_view_is(certificate.key_id, "the id");
        assert_view_is(wire_string(&r, 100), "a.example");
        assert_view_is(wire_string(&r, 100), "b.example");
        assert_int_equal(wire_end(&r), OK);
        assert_int_equal(certificate.valid_after, YEAR_2024);
        assert_int_equal(certificate.valid_before, YEAR_2030);
        assert_int_equal(certificate.critical_options.len, 0);
        assert_int_equal(certificate.extensions.len, 0);
        assert_view_equal(certificate.signature_key, authority);
        assert_int_equal(certificate_verify(&certificate), OK);
    }
    view_free(&authority);
}

/* The key inside is the one that the plain blob has. */
static void test_key_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct certificate certificate = parsed(blobs[i]);
        uint8_t bytes[4096];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        struct view plain;
        char file[64];

        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        plain = keygen_blob(file);
        put_public_key(&w, &certificate.key);
        assert_view_equal(wire_written(&w), plain);
        view_free(&plain);
    }
}

static void test_every_truncation_and_trailing(void **state)
{
    struct certificate certificate;

    (void)state;
    for (size_t len = 0; len < blobs[0].len; len++) {
        struct view copy = exact_copy(blobs[0].data, len);

        assert_int_equal(certificate_parse(copy, &certificate), ERR_MALFORMED);
        view_free(&copy);
    }
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t *longer = calloc(1, blobs[i].len + 1);

        assert_non_null(longer);
        memcpy(longer, blobs[i].data, blobs[i].len);
        assert_int_equal(certificate_parse((struct view){longer, blobs[i].len + 1}, &certificate),
                         ERR_MALFORMED);
        free(longer);
    }
}

static void test_plain_key(void **state)
{
    struct view plain = keygen_blob("ed25519.pub");
    struct certificate certificate;

    (void)state;
    assert_int_equal(certificate_parse(plain, &certificate), ERR_MALFORMED);
    view_free(&plain);
}

/* A byte that is changed anywhere is an error, or the signature's. */
static void test_every_byte_counts(void **state)
{
    struct view copy = exact_copy(blobs[0].data, blobs[0].len);
    uint8_t *bytes = (uint8_t *)copy.data;

    (void)state;
    for (size_t i = 0; i < copy.len; i++) {
        struct certificate certificate;

        bytes[i] ^= 1;
        assert_true(certificate_parse(copy, &certificate) != OK ||
                    certificate_verify(&certificate) != OK);
        bytes[i] ^= 1;
    }
    view_free(&copy);
}

static void test_authorities(void **state)
{
    (void)state;
    for (size_t i = 1; i < KINDS; i++) {
        struct view blob = make_certificate("ed25519", keygen_kinds[i].name, for_host);
        struct certificate certificate = parsed(blob);

        assert_int_equal(certificate_verify(&certificate), OK);
        /* The signature of another. */
        certificate.signature_key = parsed(blobs[0]).signature_key;
        assert_int_not_equal(certificate_verify(&certificate), OK);
        view_free(&blob);
    }
}

static void test_time(void **state)
{
    struct certificate certificate = parsed(blobs[0]);

    (void)state;
    assert_false(certificate_is_for_host(&certificate, 0));
    assert_false(certificate_is_for_host(&certificate, YEAR_2024 - 1));
    assert_true(certificate_is_for_host(&certificate, YEAR_2024));
    assert_true(certificate_is_for_host(&certificate, YEAR_2030 - 1));
    assert_false(certificate_is_for_host(&certificate, YEAR_2030));
    assert_false(certificate_is_for_host(&certificate, FOREVER));
}

static void test_what_is_not_for_hosts(void **state)
{
    static const struct {
        const char *const more[ARGS_MAX];
        bool is_for_host;
    } cases[] = {
        {{"-h", "-n", "a.example"}, true},
        {{"-h", "-n", "a.example", "-V", "always:forever"}, true},
        {{"-h", "-n", "a.example", "-O", "extension:name@unit=x"}, true},
        {{"-n", "a.example"}, false}, /* a user's */
        {{"-h"}, false},              /* without principals */
        {{"-h", "-n", "a.example", "-O", "critical:name@unit=x"}, false},
        {{"-n", "a.example", "-O", "force-command=true"}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view blob = make_certificate("ed25519", "ca", cases[i].more);
        struct certificate certificate = parsed(blob);

        assert_int_equal(certificate_is_for_host(&certificate, YEAR_2030 - 1),
                         cases[i].is_for_host);
        assert_int_equal(certificate_verify(&certificate), OK);
        view_free(&blob);
    }
}

/* What ssh-keygen does not make; the signature is no matter. */
struct fields {
    struct view principals, critical_options, extensions, signature_key;
};

static enum err parse_made(const struct fields *fields)
{
    static uint8_t bytes[16384];
    static const uint8_t key[ED25519_PUBLIC_SIZE] = {1};
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct certificate certificate;
    struct view copy;
    enum err err;

    put_text(&w, "ssh-ed25519-cert-v01@openssh.com");
    put_text(&w, "nonce");
    put_string(&w, (struct view){key, sizeof key});
    put_u64(&w, 0);
    put_u32(&w, CERTIFICATE_HOST);
    put_text(&w, "id");
    put_string(&w, fields->principals);
    put_u64(&w, 0);
    put_u64(&w, FOREVER);
    put_string(&w, fields->critical_options);
    put_string(&w, fields->extensions);
    put_text(&w, "");
    put_string(&w, fields->signature_key);
    put_text(&w, "signature");
    assert_int_equal(w.err, OK);
    copy = exact_copy(bytes, w.len);
    err = certificate_parse(copy, &certificate);
    view_free(&copy);
    return err;
}

static void test_lists(void **state)
{
    uint8_t bytes[2048];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct fields fields = {.signature_key = keygen_blob("ca.pub")};

    (void)state;
    for (size_t i = 0; i < CERTIFICATE_PRINCIPALS_MAX; i++) {
        put_text(&w, "a");
    }
    fields.principals = wire_written(&w);
    assert_int_equal(parse_made(&fields), OK);
    put_text(&w, "a");
    fields.principals = wire_written(&w);
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);

    w = wire_writer(bytes, sizeof bytes);
    put_text(&w, "name");
    fields.principals = wire_written(&w);
    assert_int_equal(parse_made(&fields), OK);
    fields.principals.len--;
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);
    fields.principals = (struct view){0};

    /* A name without its value. */
    fields.critical_options = wire_written(&w);
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);
    fields.critical_options = (struct view){0};
    fields.extensions = wire_written(&w);
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);
    put_text(&w, "value");
    fields.extensions = wire_written(&w);
    assert_int_equal(parse_made(&fields), OK);
    view_free(&fields.signature_key);
}

/* A certificate cannot sign another. */
static void test_certified_authority(void **state)
{
    struct fields fields = {.signature_key = blobs[0]};

    (void)state;
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);
    fields.signature_key = text_view("no key");
    assert_int_equal(parse_made(&fields), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_key_inside),
        cmocka_unit_test(test_every_truncation_and_trailing),
        cmocka_unit_test(test_plain_key),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_what_is_not_for_hosts),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_certified_authority),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
