/* SPDX-License-Identifier: BSD-2-Clause */
/* include/purpose.h, on what real clients had signed: tests/data/sign_requests. */
#include <sodium.h>
#include <stdio.h>

#include "purpose.h"
#include "unit.h"

#define LINE_MAX_BYTES 8192

/* The purpose of an exactly sized copy: its views are good until the next call. */
static struct purpose parse(struct view data, struct view key_blob)
{
    static struct view copy;

    view_free(&copy);
    copy = exact_copy(data.data, data.len);
    return purpose_parse(copy, key_blob);
}

static struct view unhex(const char *hex)
{
    static uint8_t bytes[LINE_MAX_BYTES / 2];
    size_t len = 0;

    assert_int_equal(sodium_hex2bin(bytes, sizeof bytes, hex, strcspn(hex, "\n"), NULL, &len, NULL),
                     0);
    return (struct view){bytes, len};
}

/* The request of this name in tests/data/sign_requests. */
static struct view recorded(const char *name)
{
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(TEST_DATA "/sign_requests", "re");
    size_t len = strlen(name);
    bool found = false;

    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, name, len) == 0 && line[len] == ' ';
    }
    fclose(file);
    assert_true(found);
    return unhex(line + len + 1);
}

static const struct {
    const char *name, *algorithm;
    bool hostbound;
} logins[] = {
    {"openssh-hostbound-ed25519", "ssh-ed25519", true},
    {"openssh-unbound-ed25519", "ssh-ed25519", false},
    {"openssh-hostbound-rsa", "rsa-sha2-512", true},
    {"openssh-unbound-rsa", "rsa-sha2-512", false},
    {"openssh-hostbound-ecdsa", "ecdsa-sha2-nistp256", true},
    {"openssh-unbound-ecdsa", "ecdsa-sha2-nistp256", false},
    {"openssh-sha1-rsa", "ssh-rsa", true},
    {"openssh-sha256-rsa", "rsa-sha2-256", true},
    {"openssh-certificate-ed25519", "ssh-ed25519-cert-v01@openssh.com", true},
    {"openssh-certificate-rsa", "rsa-sha2-512-cert-v01@openssh.com", true},
    {"plink-ed25519", "ssh-ed25519", false},
    {"paramiko-ed25519", "ssh-ed25519", false},
    {"paramiko-rsa", "rsa-sha2-512", false},
    {"paramiko-ecdsa", "ecdsa-sha2-nistp256", false},
    {"paramiko-certificate-rsa", "rsa-sha2-512-cert-v01@openssh.com", false},
    {"asyncssh-ed25519", "ssh-ed25519", false},
    {"asyncssh-rsa", "rsa-sha2-256", false},
    {"libssh2-ed25519", "ssh-ed25519", false},
};

static void read_request(const char *name, struct view *ret_blob, struct view *ret_data)
{
    struct view request = recorded(name);
    struct wire_reader r = wire_reader(request.data, request.len);

    *ret_blob = wire_string(&r, FRAME_MAX);
    *ret_data = wire_string(&r, FRAME_MAX);
    wire_u32(&r);
    assert_int_equal(wire_end(&r), OK);
}

/* Of ed25519, and nobody's here. */
static struct view another_key(void)
{
    static const uint8_t point[ED25519_PUBLIC_SIZE] = {1};
    static uint8_t bytes[64];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){point, sizeof point});
    return wire_written(&w);
}

static void test_recorded_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(logins); i++) {
        struct public_key host = {0};
        struct purpose purpose;
        struct view blob;
        struct view data;

        read_request(logins[i].name, &blob, &data);
        purpose = parse(data, blob);
        if (purpose.kind != PURPOSE_LOGIN) {
            fail_msg("%s", logins[i].name);
        }
        assert_view_is(purpose.user, "root");
        assert_view_is(purpose.algorithm, logins[i].algorithm);
        assert_true(purpose.session_id.len == 32 || purpose.session_id.len == 64);
        assert_int_equal(purpose.host_key.len > 0, logins[i].hostbound);
        if (logins[i].hostbound) {
            assert_int_equal(public_key_parse(purpose.host_key, &host), OK);
            assert_int_equal(host.point.len, ED25519_PUBLIC_SIZE);
        }
        assert_int_equal(purpose.name_space.len, 0);
        assert_int_equal(purpose.hash_algorithm.len, 0);
        /* For another key it is nothing. */
        assert_int_equal(parse(data, another_key()).kind, PURPOSE_OPAQUE);
        assert_int_equal(parse(data, (struct view){0}).kind, PURPOSE_OPAQUE);
    }
}

static void test_recorded_signatures(void **state)
{
    struct purpose purpose;
    struct view blob;
    struct view data;

    (void)state;
    read_request("sshsig-sha512", &blob, &data);
    purpose = parse(data, blob);
    assert_int_equal(purpose.kind, PURPOSE_SSHSIG);
    assert_view_is(purpose.name_space, "git");
    assert_view_is(purpose.hash_algorithm, "sha512");
    read_request("sshsig-sha256", &blob, &data);
    purpose = parse(data, blob);
    assert_int_equal(purpose.kind, PURPOSE_SSHSIG);
    assert_view_is(purpose.name_space, "file");
    assert_view_is(purpose.hash_algorithm, "sha256");
    assert_int_equal(purpose.user.len + purpose.session_id.len + purpose.algorithm.len +
                         purpose.host_key.len,
                     0);
}

/* One byte less or more, anywhere. */
static void test_recorded_cut_and_longer(void **state)
{
    static const char *const names[] = {"openssh-hostbound-ed25519", "openssh-certificate-rsa",
                                        "plink-ed25519", "sshsig-sha512"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        uint8_t *longer;
        struct view blob;
        struct view data;

        read_request(names[i], &blob, &data);
        for (size_t len = 0; len < data.len; len++) {
            assert_int_equal(parse((struct view){data.data, len}, blob).kind, PURPOSE_OPAQUE);
        }
        longer = calloc(1, data.len + 1);
        assert_non_null(longer);
        memcpy(longer, data.data, data.len);
        for (unsigned c = 0; c < 256; c += 51) {
            longer[data.len] = (uint8_t)c;
            assert_int_equal(parse((struct view){longer, data.len + 1}, blob).kind, PURPOSE_OPAQUE);
        }
        free(longer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_logins),
        cmocka_unit_test(test_recorded_signatures),
        cmocka_unit_test(test_recorded_cut_and_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
