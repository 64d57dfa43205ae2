/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and their fingerprints are ssh-keygen's. */
#include "key_name.h"

#include <errno.h>

#include "keygen.h"

/* Of a file in the directory. */
static enum err name_of(const char *file, char ret[FINGERPRINT_SIZE])
{
    char path[512];

    keygen_path(file, path, sizeof path);
    return key_name_of_file(path, ret);
}

static enum err name_of_public(const char *file, char ret[FINGERPRINT_SIZE])
{
    char path[512];

    keygen_path(file, path, sizeof path);
    return key_name_of_public(path, ret);
}

/* What ssh-keygen says of a public key file: the second word. */
static void expect(const char *public, char ret[FINGERPRINT_SIZE])
{
    const char *const argv[] = {"ssh-keygen", "-l", "-f", public, NULL};
    struct view said;

    keygen_run("said", argv);
    said = keygen_read("said");
    assert_int_equal(sscanf((const char *)said.data, "%*s %63s", ret), 1);
    view_free(&said);
    assert_true(key_name_is_fingerprint(ret));
}

static void assert_name(const char *file, const char *public)
{
    char expected[FINGERPRINT_SIZE];
    char name[FINGERPRINT_SIZE] = "";

    expect(public, expected);
    assert_int_equal(name_of(file, name), OK);
    assert_string_equal(name, expected);
}

static void copy(const char *from, const char *to)
{
    struct view bytes = keygen_read(from);

    keygen_write(to, bytes);
    view_free(&bytes);
}

static int set_up(void **state)
{
    static const char *const keys[][11] = {
        {"-t", "ed25519", "-N", "secret", "-f", "ed25519", NULL},
        {"-t", "ed25519", "-N", "", "-f", "plain", NULL},
        {"-t", "rsa", "-b", "4096", "-N", "secret", "-f", "rsa", NULL},
        {"-t", "ecdsa", "-b", "521", "-N", "secret", "-f", "ecdsa", "-Z", "aes256-gcm@openssh.com",
         NULL},
        {"-t", "rsa", "-m", "PEM", "-N", "secret", "-f", "pem", NULL},
        {"-t", "ed25519", "-N", "", "-f", "authority", NULL},
    };

    (void)state;
    if (sodium_init() < 0) {
        return -1;
    }
    keygen_start();
    for (size_t i = 0; i < COUNT(keys); i++) {
        const char *argv[15] = {"ssh-keygen", "-q", "-a", "1"};

        memcpy(argv + 4, keys[i], sizeof keys[i]);
        keygen_run(NULL, argv);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keygen_stop();
    return 0;
}

static void from_the_header(void **state)
{
    static const char *const names[] = {"ed25519", "plain", "rsa", "ecdsa"};
    char public[64];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(public, sizeof public, "%s.pub", names[i]);
        assert_name(names[i], public);
        /* With the public half of another one beside it, too. */
        copy(names[i], "copy");
        copy("authority.pub", "copy.pub");
        assert_name("copy", public);
    }
}

static void from_the_public_file(void **state)
{
    char name[FINGERPRINT_SIZE];
    char expected[FINGERPRINT_SIZE];

    (void)state;
    assert_name("pem", "pem.pub");
    assert_int_equal(name_of_public("pem.pub", name), OK);
    expect("pem.pub", expected);
    assert_string_equal(name, expected);
    copy("pem", "alone");
    assert_int_equal(name_of("alone", name), ERR_FILE_PUBLIC);
    assert_int_equal(name_of_public("pem", name), ERR_FILE_PUBLIC);
    copy("pem", "alone.pub");
    assert_int_equal(name_of("alone", name), ERR_FILE_PUBLIC);
}

static void a_certificate_has_its_keys(void **state)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-s", "authority", "-I",
                                "x",          "-n", "me", "rsa.pub",   NULL};
    char name[FINGERPRINT_SIZE];
    char expected[FINGERPRINT_SIZE];

    (void)state;
    keygen_run(NULL, argv);
    expect("rsa.pub", expected);
    assert_int_equal(name_of_public("rsa-cert.pub", name), OK);
    assert_string_equal(name, expected);
}

static void what_is_no_file(void **state)
{
    char name[FINGERPRINT_SIZE];
    char fifo[512];

    (void)state;
    assert_int_equal(name_of("none", name), ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(key_name_of_file(keygen_dir, name), ERR_SYSTEM);
    assert_int_equal(errno, EISDIR);
    keygen_path("fifo", fifo, sizeof fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(name_of("fifo", name), ERR_SYSTEM);
    assert_int_equal(errno, EINVAL);
}

/* Each beginning of a file, and each with one byte that is another. */
static void damaged(void **state)
{
    struct view text = keygen_read("ed25519");
    char expected[FINGERPRINT_SIZE];
    char name[FINGERPRINT_SIZE];
    size_t shown = 0;

    (void)state;
    expect("ed25519.pub", expected);
    for (size_t n = 0; n <= text.len; n++) {
        struct view start = exact_copy(text.data, n);

        if (key_name_of_text((char *)start.data, n, name) == OK) {
            assert_string_equal(name, expected);
            shown++;
        }
        view_free(&start);
    }
    assert_true(shown > 0 && shown < text.len);
    for (size_t n = 0; n < text.len; n++) {
        struct view other = exact_copy(text.data, text.len);

        ((uint8_t *)other.data)[n] ^= 0x55;
        (void)!key_name_of_text((char *)other.data, text.len, name); /* ASan watches */
        view_free(&other);
    }
    view_free(&text);
}

static void form_of_a_fingerprint(void **state)
{
    static const char *const not [] = {
        "",
        "SHA256:",
        "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A",
        "MD5:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };

    (void)state;
    assert_true(key_name_is_fingerprint("SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    for (size_t i = 0; i < COUNT(not ); i++) {
        assert_false(key_name_is_fingerprint(not [i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_header),
        cmocka_unit_test(from_the_public_file),
        cmocka_unit_test(a_certificate_has_its_keys),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(damaged),
        cmocka_unit_test(form_of_a_fingerprint),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
