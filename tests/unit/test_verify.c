/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/verify.c, on signatures that ssh-keygen, libcrypto and libsodium made. */
#include <openssl/err.h>

#include "limits.h"
#include "signing.h"
#include "verify.h"

static const char message[] = "a session id, say";
static struct view blobs[KINDS];
static struct view certificates[KINDS];
static EVP_PKEY *pkeys[KINDS]; /* none for ed25519, the first */
static struct openssh_key ed25519;

static int start(void **state)
{
    char file[64];

    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    for (size_t i = 0; i < KINDS; i++) {
        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        blobs[i] = keygen_blob(file);
        snprintf(file, sizeof file, "%s-cert.pub", keygen_kinds[i].name);
        certificates[i] = keygen_blob(file);
        pkeys[i] = i == 0 ? NULL : private_pkey(keygen_kinds[i].name);
    }
    openssh_key_read("ed25519", &ed25519);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        view_free(&blobs[i]);
        view_free(&certificates[i]);
        EVP_PKEY_free(pkeys[i]);
    }
    openssh_key_free(&ed25519);
    keygen_stop();
    return 0;
}

static struct view the_message(void)
{
    return text_view(message);
}

/* Of exactly sized copies; libcrypto's queue of errors must not grow. */
static enum err verify(struct view blob, struct view signature, struct view data)
{
    struct view copies[] = {exact_copy(blob.data, blob.len),
                            exact_copy(signature.data, signature.len),
                            exact_copy(data.data, data.len)};
    enum err err = verify_signature(copies[0], copies[1], copies[2]);

    assert_int_equal(ERR_peek_error(), 0);
    for (size_t i = 0; i < COUNT(copies); i++) {
        view_free(&copies[i]);
    }
    return err;
}

static void put_signature(struct wire_writer *w, size_t kind, struct view data)
{
    if (kind == 0) {
        put_ed25519_signature(w, ed25519.field[ED25519_SECRET].data, data);
    } else {
        put_pkey_signature(w, pkeys[kind], kind == 1 ? "rsa-sha2-256" : keygen_kinds[kind].ssh_name,
                           data);
    }
}

static struct view with_string(const char *algorithm, struct view raw)
{
    uint8_t bytes[4096];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&w, algorithm);
    put_string(&w, raw);
    assert_int_equal(w.err, OK);
    return exact_copy(bytes, w.len);
}

/* Verifies `string algorithm, string raw`. */
static enum err verify_raw(struct view blob, const char *algorithm, struct view raw)
{
    struct view signature = with_string(algorithm, raw);
    enum err err = verify(blob, signature, the_message());

    view_free(&signature);
    return err;
}

/* OpenSSH's PROTOCOL.sshsig: what is signed of the message, and the signature over that. */
static void test_signatures_of_ssh_keygen(void **state)
{
    (void)state;
    keygen_write("message", the_message());
    for (size_t i = 0; i < KINDS; i++) {
        const char *const argv[] = {"ssh-keygen",         "-q", "-Y",   "sign",    "-f",
                                    keygen_kinds[i].name, "-n", "unit", "message", NULL};
        uint8_t hash[crypto_hash_sha512_BYTES];
        uint8_t bytes[256];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);
        struct wire_reader r;
        struct view armored;
        char path[512];

        keygen_run(NULL, argv);
        armored = keygen_armored("message.sig");
        keygen_path("message.sig", path, sizeof path);
        unlink(path);
        r = wire_reader(armored.data, armored.len);
        assert_view_is(wire_bytes(&r, 6), "SSHSIG");
        assert_int_equal(wire_u32(&r), 1);
        assert_view_equal(wire_string(&r, 1000), blobs[i]);
        assert_view_is(wire_string(&r, 100), "unit");
        assert_int_equal(wire_string(&r, 100).len, 0);
        assert_view_is(wire_string(&r, 100), "sha512");

        crypto_hash_sha512(hash, the_message().data, the_message().len);
        put_bytes(&w, "SSHSIG", 6);
        put_text(&w, "unit");
        put_text(&w, "");
        put_text(&w, "sha512");
        put_string(&w, (struct view){hash, sizeof hash});
        assert_int_equal(verify(blobs[i], wire_string(&r, 1000), wire_written(&w)), OK);
        assert_int_equal(wire_end(&r), OK);
        view_free(&armored);
    }
}

static void test_each_algorithm(void **state)
{
    static const struct {
        size_t kind;
        const char *algorithm;
        enum err err;
    } signatures[] = {
        {1, "rsa-sha2-256", OK},        {1, "rsa-sha2-512", OK},
        {2, "ecdsa-sha2-nistp256", OK}, {3, "ecdsa-sha2-nistp384", OK},
        {4, "ecdsa-sha2-nistp521", OK},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(signatures); i++) {
        uint8_t bytes[1024];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_pkey_signature(&w, pkeys[signatures[i].kind], signatures[i].algorithm, the_message());
        assert_int_equal(verify(blobs[signatures[i].kind], wire_written(&w), the_message()), OK);
    }
}

/* Not looked at, so a good signature of another hash will do. */
static void test_sha1(void **state)
{
    uint8_t raw[512];
    size_t len = sizeof raw;

    (void)state;
    raw_sign(pkeys[1], "SHA256", the_message(), raw, &len);
    assert_int_equal(verify_raw(blobs[1], "ssh-rsa", (struct view){raw, len}), ERR_KEY_TYPE);
}

/* A certificate verifies as its key does; nothing and much can be signed. */
static void test_certificates_and_lengths(void **state)
{
    static uint8_t much[FRAME_MAX] = {1, 2, 3};
    const struct view data[] = {the_message(), {much, 0}, {much, sizeof much}};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t j = 0; j < COUNT(data); j++) {
            uint8_t bytes[1024];
            struct wire_writer w = wire_writer(bytes, sizeof bytes);

            put_signature(&w, i, data[j]);
            assert_int_equal(verify(blobs[i], wire_written(&w), data[j]), OK);
            assert_int_equal(verify(certificates[i], wire_written(&w), data[j]), OK);
        }
    }
}

/* Each key refuses what the others signed. */
static void test_wrong_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[1024];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_signature(&w, i, the_message());
        for (size_t j = 0; j < KINDS; j++) {
            assert_int_equal(verify(blobs[j], wire_written(&w), the_message()),
                             j == i ? OK : ERR_MALFORMED);
        }
    }
}

static void test_algorithm_of_another_hash(void **state)
{
    uint8_t raw[512];
    size_t len = sizeof raw;

    (void)state;
    raw_sign(pkeys[1], "SHA512", the_message(), raw, &len);
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-512", (struct view){raw, len}), OK);
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-256", (struct view){raw, len}),
                     ERR_BAD_SIGNATURE);
}

static void test_unknown_algorithms(void **state)
{
    static const char *const names[] = {"",
                                        "rsa-sha2-384",
                                        "RSA-SHA2-256",
                                        "ssh-ed448",
                                        "ssh-ed25519-cert-v01@openssh.com",
                                        "rsa-sha2-256-cert-v01@openssh.com"};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t j = 0; j < COUNT(names); j++) {
            assert_int_equal(verify_raw(blobs[i], names[j], the_message()), ERR_MALFORMED);
        }
    }
}

/* One bit of the message, of each byte of the signature, of each byte of the key. */
static void test_flipped_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t parts[3][1024];
        struct wire_writer w = wire_writer(parts[0], sizeof parts[0]);
        struct view views[] = {{parts[0], 0}, {parts[1], blobs[i].len}, {parts[2], 0}};

        put_signature(&w, i, the_message());
        views[0].len = w.len;
        memcpy(parts[1], blobs[i].data, blobs[i].len);
        views[2].len = the_message().len;
        memcpy(parts[2], message, views[2].len);
        assert_int_equal(verify(views[1], views[0], views[2]), OK);
        for (size_t part = 0; part < COUNT(views); part++) {
            for (size_t byte = 0; byte < views[part].len; byte++) {
                enum err err;

                parts[part][byte] ^= (uint8_t)(1U << byte % 8);
                err = verify(views[1], views[0], views[2]);
                parts[part][byte] ^= (uint8_t)(1U << byte % 8);
                assert_int_not_equal(err, OK);
                assert_true(part != 2 || err == ERR_BAD_SIGNATURE);
            }
        }
    }
}

static void test_truncated_and_trailing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[1024] = {0};
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_signature(&w, i, the_message());
        for (size_t len = 0; len < w.len; len++) {
            assert_int_equal(verify(blobs[i], (struct view){bytes, len}, the_message()),
                             ERR_MALFORMED);
        }
        assert_int_equal(verify(blobs[i], (struct view){bytes, w.len + 1}, the_message()),
                         ERR_MALFORMED);
    }
}

static void test_ed25519_lengths(void **state)
{
    uint8_t raw[crypto_sign_BYTES + 1] = {0};

    (void)state;
    for (size_t len = 0; len <= sizeof raw; len++) {
        assert_int_equal(verify_raw(blobs[0], "ssh-ed25519", (struct view){raw, len}),
                         len == crypto_sign_BYTES ? ERR_BAD_SIGNATURE : ERR_MALFORMED);
    }
}

/* OpenSSH takes a number without its leading zero bytes; some signers write it so. */
static void test_short_rsa_signature(void **state)
{
    char text[32] = "";
    uint8_t raw[512] = {1};
    size_t len = 0;
    struct view signature;

    (void)state;
    for (unsigned i = 0; raw[0] != 0; i++) {
        snprintf(text, sizeof text, "message %u", i);
        len = sizeof raw;
        raw_sign(pkeys[1], "SHA256", text_view(text), raw, &len);
    }
    assert_int_equal(len, 256);
    signature = with_string("rsa-sha2-256", (struct view){raw + 1, len - 1});
    assert_int_equal(verify(blobs[1], signature, text_view(text)), OK);
    view_free(&signature);
    signature = with_string("rsa-sha2-256", (struct view){raw, len});
    assert_int_equal(verify(blobs[1], signature, text_view(text)), OK);
    view_free(&signature);
}

static void test_rsa_lengths(void **state)
{
    uint8_t raw[513] = {0};
    size_t len = sizeof raw - 1;

    (void)state;
    raw_sign(pkeys[1], "SHA256", the_message(), raw + 1, &len);
    /* One byte more, a zero in front of it; one less, at either end; none. */
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-256", (struct view){raw + 1, len}), OK);
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-256", (struct view){raw, len + 1}),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-256", (struct view){raw + 1, len - 1}),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(verify_raw(blobs[1], "rsa-sha2-256", (struct view){raw, 0}),
                     ERR_BAD_SIGNATURE);
}

/* The key `e, n` with a signature as long as n. */
static enum err verify_numbers(struct view e, struct view n)
{
    uint8_t bytes[8192];
    uint8_t raw[MPINT_MAX] = {1};
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&w, "ssh-rsa");
    put_mpint(&w, e);
    put_mpint(&w, n);
    assert_int_equal(w.err, OK);
    return verify_raw(wire_written(&w), "rsa-sha2-256", (struct view){raw, n.len});
}

static void test_rsa_numbers(void **state)
{
    const struct view f4 = {(const uint8_t[]){1, 0, 1}, 3};
    const struct view even = {(const uint8_t[]){1, 0, 2}, 3};
    const struct view bits_32 = {(const uint8_t[]){0x80, 0, 0, 1}, 4};
    const struct view bits_33 = {(const uint8_t[]){1, 0, 0, 0, 1}, 5};
    uint8_t n[MPINT_MAX] = {0x80};

    (void)state;
    n[127] = 1;
    assert_int_equal(verify_numbers(f4, (struct view){n, 128}), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_numbers(bits_32, (struct view){n, 128}), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_numbers(bits_33, (struct view){n, 128}), ERR_KEY_TYPE);
    assert_int_equal(verify_numbers(even, (struct view){n, 128}), ERR_KEY_INVALID);
    n[127] = 2;
    assert_int_equal(verify_numbers(f4, (struct view){n, 128}), ERR_KEY_INVALID);
    n[0] = 0x40;
    n[127] = 1; /* 1023 bits */
    assert_int_equal(verify_numbers(f4, (struct view){n, 128}), ERR_KEY_INVALID);
    /* Too much work for the agent's loop: the host stays unproved, and is not called a liar. */
    n[0] = 1;
    n[127] = 0;
    n[1024] = 1; /* 8193 bits */
    assert_int_equal(verify_numbers(f4, (struct view){n, 1025}), ERR_KEY_TYPE);
    n[0] = 0x80;
    n[1023] = 1; /* 8192 */
    assert_int_equal(verify_numbers(f4, (struct view){n, 1024}), ERR_BAD_SIGNATURE);
}

/* Verifies the pair of numbers r and s, as they stand in the signature. */
static enum err verify_pair(struct view r, struct view s)
{
    uint8_t bytes[256];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_string(&w, r);
    put_string(&w, s);
    return verify_raw(blobs[2], "ecdsa-sha2-nistp256", wire_written(&w));
}

static void test_ecdsa_pairs(void **state)
{
    static uint8_t long_number[35] = {0x7f};
    const struct view one = {(const uint8_t[]){1}, 1};
    const struct view negative = {(const uint8_t[]){0x81}, 1};
    const struct view padded = {(const uint8_t[]){0, 1}, 2};
    const struct view zero = {long_number, 0};
    const struct view over_order = {long_number, 33};
    const struct view too_long = {long_number, 34};

    (void)state;
    assert_int_equal(verify_pair(one, one), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(zero, one), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(one, zero), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(zero, zero), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(over_order, one), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(one, over_order), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_pair(negative, one), ERR_MALFORMED);
    assert_int_equal(verify_pair(one, negative), ERR_MALFORMED);
    assert_int_equal(verify_pair(padded, one), ERR_MALFORMED);
    assert_int_equal(verify_pair(one, padded), ERR_MALFORMED);
    assert_int_equal(verify_pair(too_long, one), ERR_TOO_BIG);
    assert_int_equal(verify_pair(one, too_long), ERR_TOO_BIG);
}

static void test_point_off_the_curve(void **state)
{
    (void)state;
    for (size_t i = 2; i < KINDS; i++) {
        uint8_t bytes[1024];
        uint8_t blob[256];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_signature(&w, i, the_message());
        memcpy(blob, blobs[i].data, blobs[i].len);
        blob[blobs[i].len - 1] ^= 1; /* of y */
        assert_int_equal(verify((struct view){blob, blobs[i].len}, wire_written(&w), the_message()),
                         ERR_KEY_INVALID);
    }
}

static void test_keys_that_cannot_be_verified(void **state)
{
    static const struct {
        const char *type;
        enum err err;
    } keys[] = {
        {"ssh-dss", ERR_KEY_DSA},
        {"sk-ssh-ed25519@openssh.com", ERR_KEY_SK},
        {"ssh-ed448", ERR_KEY_TYPE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct view blob = with_string(keys[i].type, text_view("a key"));

        assert_int_equal(verify_raw(blob, keys[i].type, text_view("a signature")), keys[i].err);
        view_free(&blob);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures_of_ssh_keygen),
        cmocka_unit_test(test_each_algorithm),
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_certificates_and_lengths),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_algorithm_of_another_hash),
        cmocka_unit_test(test_unknown_algorithms),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_truncated_and_trailing),
        cmocka_unit_test(test_ed25519_lengths),
        cmocka_unit_test(test_short_rsa_signature),
        cmocka_unit_test(test_rsa_lengths),
        cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_ecdsa_pairs),
        cmocka_unit_test(test_point_off_the_curve),
        cmocka_unit_test(test_keys_that_cannot_be_verified),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
