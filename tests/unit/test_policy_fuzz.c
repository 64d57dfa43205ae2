/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/policy_file.c: any bytes are a policy, or an error that names the file. */
#include "policy_text.h"

#define FINGERPRINT "SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s"

static const char *const samples[] = {
    "[DEFAULT]\nconfirm = connection\nnotify = use, refused\nknown_hosts = /etc/ssh/hosts\n",
    "[client:dev-*]\nkeys = " FINGERPRINT ",\n  *@laptop\ndestinations = git@github.com, "
    "*@*.example.org, unverified\nuses = no\n",
    ("# c\n[client:ci]\nconfirm = no\nagents = ci, ci-*\nnamespaces = git\nopaque = yes\n"
     "idle = 10\nrate = 600\nconnections = 64\nrsa-sha1 = no\n"),
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Some changes to a valid file, of kinds that reach far. */
static size_t mutate(char *text, size_t len, size_t cap, uint32_t *seed)
{
    static const char likely[] = "\n\r\t ,=:[]#;*?@\"\\all0no\x7f\x1b\xff";
    unsigned changes = 1 + next_random(seed) % 4;

    for (unsigned i = 0; i < changes; i++) {
        size_t at = next_random(seed) % (len + 1);
        size_t count = 1 + next_random(seed) % 40;

        switch (next_random(seed) % 4) {
        case 0: /* another byte */
            text[at < len ? at : 0] = likely[next_random(seed) % sizeof likely];
            break;
        case 1: /* a part is missing */
            count = count < len - at ? count : len - at;
            memmove(text + at, text + at + count, len - at - count);
            len -= count;
            break;
        case 2: /* a part twice */
            count = count < len - at ? count : len - at;
            if (len + count <= cap) {
                memmove(text + at + count, text + at, len - at);
                len += count;
            }
            break;
        default: /* the end is missing */
            len = next_random(seed) % 16 == 0 ? at : len;
            break;
        }
        if (len == 0) {
            text[len++] = '\n';
        }
    }
    return len;
}

/* Whatever a file is, it is a policy with rules for everybody, or an error that names the file. */
static void try_bytes(const char *bytes, size_t len, unsigned *taken)
{
    char error[POLICY_ERROR_MAX];
    char explained[4096];
    struct policy *policy = NULL;
    enum err err;

    memset(error, 'E', sizeof error);
    err = parse_bytes(bytes, len, &policy, error);
    if (err == OK) {
        struct rules rules;

        policy_rules(policy, "dev-1", &rules);
        policy_explain(&rules, "dev-1", NULL, explained, sizeof explained);
        assert_in_range(rules.connections, 1, QUBE_CLIENTS_MAX);
        policy_free(&policy);
        (*taken)++;
        return;
    }
    assert_true(err == ERR_MALFORMED || err == ERR_TOO_BIG);
    assert_null(policy);
    assert_non_null(memchr(error, '\0', sizeof error));
    assert_int_equal(strncmp(error, FILE_PATH ":", strlen(FILE_PATH ":")), 0);
    assert_true(strlen(error) > strlen(FILE_PATH ":1: "));
    for (const char *at = error; *at != '\0'; at++) {
        assert_in_range(*at, ' ', '~');
    }
}

static void test_mutations(void **state)
{
    uint32_t seed = 4;
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        const char *sample = samples[i % COUNT(samples)];
        char text[1024];
        size_t len = strlen(sample);

        memcpy(text, sample, len + 1);
        len = mutate(text, len, sizeof text, &seed);
        try_bytes(text, len, &taken);
    }
    assert_in_range(taken, 200, 19800); /* else it tries one side only */
}

static void test_random_bytes(void **state)
{
    uint32_t seed = 5;
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        char bytes[512];
        size_t len = next_random(&seed) % sizeof bytes;

        for (size_t k = 0; k < len; k++) {
            bytes[k] = (char)next_random(&seed);
            if (i % 2 == 0) { /* mostly text, so that more than its first byte is looked at */
                bytes[k] = "\n =,[]:#DEFAULTclientuse01"[(unsigned char)bytes[k] % 26];
            }
        }
        try_bytes(bytes, len, &taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
