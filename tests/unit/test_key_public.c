/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/key_public.c, with what ssh-keygen has made. */
#include "key_public.h"

#include <stdio.h>

#include "unit.h"

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIDOd26NQ79DrzzG8IoReG+QIBBTBu5gdfLpfDt8mFCkp"

static struct key_public key;

static enum err parse(const char *text)
{
    static struct view copy;

    free((void *)copy.data);
    copy = exact_copy(text, strlen(text));
    return key_public_parse(copy, &key);
}

static void test_good(void **state)
{
    static const struct {
        const char *text;
        const char *comment;
    } table[] = {
        {"ssh-ed25519 " KEY, ""},
        {"ssh-ed25519 " KEY "\n", ""},
        {"ssh-ed25519 " KEY " user@host\n", "user@host"},
        {"ssh-ed25519 " KEY " a key of mine \r\nsecond line", "a key of mine"},
        {"\n# a comment\n\t\n ssh-ed25519\t" KEY "  m\xfcller\n", "m\xfcller"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(parse(table[i].text), OK);
        assert_int_equal(key.len, 51);
        assert_memory_equal(key.blob, "\0\0\0\x0bssh-ed25519\0\0\0\x20\x33\x9d", 21);
        assert_view_is(key.comment, table[i].comment);
        assert_false(key.certificate);
    }
}

static void test_certificate(void **state)
{
    (void)state;
    /* Only the type is looked at: the rest is the keystore's. */
    assert_int_equal(
        parse("ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t"),
        OK);
    assert_true(key.certificate);
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(parse(""), ERR_NOT_FOUND);
    assert_int_equal(parse("\n \n"), ERR_NOT_FOUND);
    assert_int_equal(parse("# nothing\n"), ERR_NOT_FOUND);
}

static void test_malformed(void **state)
{
    static const char *const table[] = {
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-rsa " KEY,
        "ssh-ed25519 " KEY "!",
        "ssh-ed25519 " KEY "A",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAAA==",
        KEY,
        "restrict ssh-ed25519 " KEY,
        "-----BEGIN OPENSSH PRIVATE KEY-----\n" KEY,
        "some text\nssh-ed25519 " KEY,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        if (parse(table[i]) != ERR_MALFORMED) {
            fail_msg("%s", table[i]);
        }
    }
}

/* As large as may be, and one more. */
static void test_size(void **state)
{
    static char text[100000];
    size_t at = (size_t)snprintf(text, sizeof text, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");

    (void)state;
    at += ((size_t)CERTIFICATE_MAX / 3 - 5) * 4;
    memset(text + 32, 'A', at - 32);
    memcpy(text + at, "AAA=", 5); /* 32,766 bytes and two more */
    assert_int_equal(parse(text), OK);
    assert_int_equal(key.len, CERTIFICATE_MAX);
    memcpy(text + at, "AAAA", 5);
    assert_int_not_equal(parse(text), OK);
    memcpy(text + at, "AAAAAAAA", 9);
    assert_int_equal(parse(text), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
