/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/known_hosts.c: lines of certificate authorities, on certificates that ssh-keygen makes. */
#include "known_hosts_files.h"

#define ARGS_MAX 6U

/* An authority's own key is no host's. */
static void test_authority_is_no_host(void **state)
{
    struct known_hosts *hosts = load_line("@cert-authority *", host_line, "");

    (void)state;
    assert_false(is_known(hosts, host));
    assert_false(matches(hosts, host, "a.example"));
    known_hosts_free(&hosts);
}

/* A certificate of the key ed25519 by ca, from 2024 to 2030, with more arguments. */
static struct view make_certificate(const char *const more[ARGS_MAX])
{
    const char *argv[16 + ARGS_MAX] = {"ssh-keygen", "-q", "-s", "ca",
                                       "-I",         "id", "-V", "20240101000000Z:20300101000000Z"};
    size_t count = 8;

    for (size_t i = 0; i < ARGS_MAX && more[i] != NULL; i++) {
        argv[count++] = more[i];
    }
    argv[count] = "ed25519.pub";
    keygen_run(NULL, argv);
    return keygen_blob("ed25519-cert.pub");
}

static const char *const two_names[ARGS_MAX] = {"-h", "-n", "a.example,b.test"};

/* %c: the authority's key, %o: another authority's, %h: the host's. */
static char *expand(const char *text, char *ret, size_t cap)
{
    size_t len = 0;

    for (; *text != '\0'; text++) {
        const char *key = *text != '%'     ? NULL
                          : text[1] == 'c' ? authority_line
                          : text[1] == 'o' ? authority2_line
                                           : host_line;

        len += (size_t)(key == NULL ? snprintf(ret + len, cap - len, "%c", *text)
                                    : snprintf(ret + len, cap - len, "%s", key));
        assert_true(len < cap);
        text += key != NULL;
    }
    return ret;
}

static void test_authority_lines(void **state)
{
    static const struct {
        const char *text;
        const char *names; /* NULL: not known */
        const char *match, *no_match;
    } cases[] = {
        {"@cert-authority * %c", "a.example, b.test", "b.test", "c.example"},
        {"@cert-authority *.example %c", "a.example", "a.*", "b.test"},
        {"@cert-authority *.EXAMPLE,!b.* %c", "a.example", "A.example", "b.test"},
        {"@cert-authority a.example %c", "a.example", "*", "b.test"},
        {"@cert-authority [*.test]:2222 %c", "b.test", "b.test", "a.example"},
        {"@cert-authority *,!a.example %c", "b.test", "b.test", "a.example"},
        {"@cert-authority *.example %c\n@cert-authority *.test %c", "a.example, b.test", "b.test",
         "*.org"},
        {"@cert-authority *.org %c", NULL, NULL, "a.example"},
        {"@cert-authority !a.example %c", NULL, NULL, "b.test"},
        {"@cert-authority * %o", NULL, NULL, "a.example"},
        {"@cert-authority * %h", NULL, NULL, "a.example"},
        {"* %c", NULL, NULL, "a.example"}, /* without the marker */
        {"@revoked * %c", NULL, NULL, "a.example"},
        {"@cert-authority * %c\n@revoked x %c", NULL, NULL, "a.example"},
        {"@cert-authority * %c\n@revoked x %h", NULL, NULL, "a.example"},
        {"@cert-authority * %c\n@revoked x %o", "a.example, b.test", "a.example", "x"},
        /* The key in the certificate is the host's. */
        {"c.example %h", "c.example", "c.example", "a.example"},
        {"c.example %h\n@cert-authority *.test %c", "c.example, b.test", "*.test", "a.example"},
    };
    struct view certificate = make_certificate(two_names);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[8192];
        struct known_hosts *hosts = load(expand(cases[i].text, text, sizeof text), 0);

        if (cases[i].names != NULL) {
            assert_names(hosts, certificate, cases[i].names);
            assert_true(matches(hosts, certificate, cases[i].match));
        } else {
            assert_false(is_known(hosts, certificate));
            assert_false(matches(hosts, certificate, "*"));
        }
        assert_false(matches(hosts, certificate, cases[i].no_match));
        assert_int_equal(known_hosts_is_revoked(hosts, certificate),
                         strstr(cases[i].text, "@revoked * %c") != NULL ||
                             strstr(cases[i].text, "@revoked x %c") != NULL ||
                             strstr(cases[i].text, "@revoked x %h") != NULL);
        known_hosts_free(&hosts);
    }
    view_free(&certificate);
}

static void test_hashed_authority_line(void **state)
{
    struct view certificate = make_certificate(two_names);
    /* Of "b.test" with a salt of zeros: HMAC-SHA1 by `openssl dgst`. */
    struct known_hosts *hosts =
        load_line("@cert-authority |1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|rccarKk/nWM2Eo7yTW5Vi90c/QE=",
                  authority_line, "");

    (void)state;
    assert_names(hosts, certificate, "b.test");
    assert_true(matches(hosts, certificate, "b.*"));
    assert_false(matches(hosts, certificate, "a.example"));
    known_hosts_free(&hosts);
    view_free(&certificate);
}

static void test_certificates_that_prove_nothing(void **state)
{
    static const struct {
        const char *const more[ARGS_MAX];
        const char *names; /* NULL: not known */
    } cases[] = {
        {{"-h", "-n", "a.example"}, "a.example"},
        {{"-h", "-n", "a.example", "-V", "always:forever"}, "a.example"},
        {{"-h", "-n", "a.example", "-V", "20200101000000Z:20210101000000Z"}, NULL},
        {{"-h", "-n", "a.example", "-V", "20290101000000Z:20300101000000Z"}, NULL},
        {{"-h"}, NULL},
        {{"-n", "a.example"}, NULL},
        {{"-h", "-n", "a.example", "-O", "critical:name@unit=x"}, NULL},
        /* Principals that are no names. */
        {{"-h", "-n", "*.example"}, NULL},
        {{"-h", "-n", "*"}, NULL},
        {{"-h", "-n", "?.example"}, NULL},
        {{"-h", "-n", "a b,a.example"}, "a.example"},
        {{"-h", "-n", "a\x1b[2J,a.example,a.example"}, "a.example"},
        {{"-h", "-n", "!a,a.example"}, "a.example"},
    };
    struct known_hosts *hosts = load_line("@cert-authority *", authority_line, "");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view certificate = make_certificate(cases[i].more);

        if (cases[i].names != NULL) {
            assert_names(hosts, certificate, cases[i].names);
        } else {
            assert_false(is_known(hosts, certificate));
        }
        assert_int_equal(matches(hosts, certificate, "a.example"), cases[i].names != NULL);
        assert_int_equal(matches(hosts, certificate, "*"), cases[i].names != NULL);
        view_free(&certificate);
    }
    known_hosts_free(&hosts);
}

/* Each byte of a certificate is signed, or is the signature. */
static void test_forged_certificate(void **state)
{
    struct known_hosts *hosts = load_line("@cert-authority *", authority_line, "");
    struct view certificate = make_certificate(two_names);
    uint8_t *bytes = (uint8_t *)certificate.data;

    (void)state;
    assert_true(matches(hosts, certificate, "a.example"));
    for (size_t i = 0; i < certificate.len; i++) {
        bytes[i] ^= 0x20;
        assert_false(is_known(hosts, certificate));
        assert_false(matches(hosts, certificate, "*"));
        bytes[i] ^= 0x20;
    }
    for (size_t len = 0; len < certificate.len; len++) {
        struct view copy = exact_copy(certificate.data, len);

        assert_false(is_known(hosts, copy));
        assert_false(known_hosts_is_revoked(hosts, copy));
        view_free(&copy);
    }
    view_free(&certificate);
    known_hosts_free(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority_is_no_host),
        cmocka_unit_test(test_authority_lines),
        cmocka_unit_test(test_hashed_authority_line),
        cmocka_unit_test(test_certificates_that_prove_nothing),
        cmocka_unit_test(test_forged_certificate),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
