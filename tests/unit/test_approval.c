/* SPDX-License-Identifier: BSD-2-Clause */
/* include/approval.h: what a "yes" is for, and what it is not for. */
#include "approval.h"
#include "unit.h"

static const uint8_t token_key[APPROVAL_KEY_SIZE] = {1, 2, 3};
static uint8_t key_bytes[64];
static struct view key_blob;
static struct view other_blob;

static struct view ed25519_blob(uint8_t *bytes, size_t cap, uint8_t first)
{
    uint8_t point[ED25519_PUBLIC_SIZE] = {first};
    struct wire_writer w = wire_writer(bytes, cap);

    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){point, sizeof point});
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static int start(void **state)
{
    static uint8_t other_bytes[64];

    (void)state;
    key_blob = ed25519_blob(key_bytes, sizeof key_bytes, 1);
    other_blob = ed25519_blob(other_bytes, sizeof other_bytes, 2);
    return sodium_init() < 0 ? -1 : 0;
}

/* Data of a login; the host key NULL: not hostbound. */
struct login {
    const char *session_id, *user, *host_key;
};

static struct view login_data(uint8_t *bytes, size_t cap, const struct login *login,
                              struct view blob)
{
    struct wire_writer w = wire_writer(bytes, cap);

    put_text(&w, login->session_id);
    put_u8(&w, PURPOSE_USERAUTH_REQUEST);
    put_text(&w, login->user);
    put_text(&w, "ssh-connection");
    put_text(&w, login->host_key != NULL ? "publickey-hostbound-v00@openssh.com" : "publickey");
    put_u8(&w, 1);
    put_text(&w, "ssh-ed25519");
    put_string(&w, blob);
    if (login->host_key != NULL) {
        put_text(&w, login->host_key);
    }
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static struct view sshsig_data(uint8_t *bytes, size_t cap, const char *name_space, uint8_t first)
{
    uint8_t hash[32] = {first};
    struct wire_writer w = wire_writer(bytes, cap);

    put_bytes(&w, "SSHSIG", 6);
    put_text(&w, name_space);
    put_text(&w, "");
    put_text(&w, "sha256");
    put_string(&w, (struct view){hash, sizeof hash});
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

struct mac {
    uint8_t bytes[APPROVAL_MAC_SIZE];
};

static struct mac mac_of(const struct approval_subject *subject, uint8_t kind, uint64_t expiry)
{
    struct mac mac = {0};

    assert_true(approval_mac(token_key, subject, kind, expiry, mac.bytes));
    return mac;
}

static bool same(struct mac a, struct mac b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static void test_parse(void **state)
{
    struct approval approval = {.kind = APPROVAL_WHILE, .expiry = 0x0102030405060708U};
    uint8_t bytes[APPROVAL_SIZE + 1] = {0};
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct approval parsed;

    (void)state;
    memset(approval.mac, 0xa5, sizeof approval.mac);
    put_approval(&w, &approval);
    assert_int_equal(w.err, OK);
    assert_int_equal(w.len, 41);
    assert_int_equal(bytes[0], 2);
    assert_memory_equal(bytes + 1, "\1\2\3\4\5\6\7\10", 8);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct view copy = exact_copy(bytes, len);
        enum err err = approval_parse(copy, &parsed);

        assert_int_equal(err, len == APPROVAL_SIZE ? OK : ERR_MALFORMED);
        view_free(&copy);
    }
    assert_int_equal(parsed.kind, approval.kind);
    assert_int_equal(parsed.expiry, approval.expiry);
    assert_memory_equal(parsed.mac, approval.mac, sizeof parsed.mac);
}

/* As the header says it, written down here once more. */
static void test_layout(void **state)
{
    const struct login login = {"session", "git", "host"};
    uint8_t data_bytes[512];
    struct approval_subject subject = {
        key_blob, login_data(data_bytes, sizeof data_bytes, &login, key_blob), text_view("dev")};
    uint8_t bytes[512];
    uint8_t scope[64];
    uint8_t hash[32];
    struct mac want;

    (void)state;
    for (unsigned kind = APPROVAL_ONCE; kind <= APPROVAL_WHILE; kind++) {
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_text(&w, "split-ssh approval");
        put_u8(&w, (uint8_t)kind);
        put_u64(&w, 12345);
        crypto_generichash(hash, 32, key_blob.data, key_blob.len, NULL, 0);
        put_bytes(&w, hash, 32);
        if (kind == APPROVAL_ONCE) {
            crypto_generichash(hash, 32, subject.data.data, subject.data.len, NULL, 0);
        } else {
            struct wire_writer s = wire_writer(scope, sizeof scope);

            put_text(&w, "dev");
            put_u8(&s, PURPOSE_LOGIN);
            put_text(&s, "git");
            put_text(&s, "host");
            crypto_generichash(hash, 32, scope, s.len, NULL, 0);
        }
        put_bytes(&w, hash, 32);
        assert_int_equal(crypto_auth(want.bytes, bytes, w.len, token_key), 0);
        assert_true(same(want, mac_of(&subject, (uint8_t)kind, 12345)));
    }
}

/* Whatever is changed, it is another approval. */
static void test_once(void **state)
{
    uint8_t other_key[APPROVAL_KEY_SIZE] = {1, 2, 4};
    const struct approval_subject subject = {key_blob, text_view("data"), text_view("dev")};
    struct approval_subject changed = subject;
    const struct mac mac = mac_of(&subject, APPROVAL_ONCE, 1000);
    struct mac other;

    (void)state;
    assert_true(same(mac, mac_of(&subject, APPROVAL_ONCE, 1000)));
    assert_false(same(mac, mac_of(&subject, APPROVAL_ONCE, 1001)));
    assert_false(same(mac, mac_of(&subject, APPROVAL_ONCE, 1000 | 1ULL << 63)));
    changed.key_blob = other_blob;
    assert_false(same(mac, mac_of(&changed, APPROVAL_ONCE, 1000)));
    changed = subject;
    changed.data = text_view("datb");
    assert_false(same(mac, mac_of(&changed, APPROVAL_ONCE, 1000)));
    changed.data = (struct view){0};
    assert_false(same(mac, mac_of(&changed, APPROVAL_ONCE, 1000)));
    assert_true(approval_mac(other_key, &subject, APPROVAL_ONCE, 1000, other.bytes));
    assert_false(same(mac, other));
}

/* What has no scope cannot be approved for a while. */
static void test_no_scope(void **state)
{
    const struct login unbound = {"session", "git", NULL};
    const struct login hostbound = {"session", "git", "host"};
    uint8_t bytes[512];
    uint8_t scope[APPROVAL_HASH_SIZE];
    const struct view datas[] = {
        {NULL, 0},
        text_view("data"),
        login_data(bytes, sizeof bytes, &unbound, key_blob),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(datas); i++) {
        struct approval_subject subject = {key_blob, datas[i], text_view("dev")};
        struct mac mac;

        assert_false(approval_scope(&subject, scope));
        assert_false(approval_mac(token_key, &subject, APPROVAL_WHILE, 1000, mac.bytes));
        assert_true(approval_mac(token_key, &subject, APPROVAL_ONCE, 1000, mac.bytes));
    }
    /* A login with another key. */
    struct approval_subject subject = {
        key_blob, login_data(bytes, sizeof bytes, &hostbound, other_blob), text_view("dev")};
    assert_false(approval_scope(&subject, scope));
    subject.key_blob = other_blob;
    assert_true(approval_scope(&subject, scope));
}

static struct mac mac_of_login(const struct login *login, const char *qube)
{
    uint8_t bytes[512];
    struct approval_subject subject = {key_blob, login_data(bytes, sizeof bytes, login, key_blob),
                                       text_view(qube)};

    return mac_of(&subject, APPROVAL_WHILE, 1000);
}

/* For a while: each login of this user to this host, and no other. */
static void test_scope_of_logins(void **state)
{
    const struct login login = {"session", "git", "host"};
    const struct login next = {"another session", "git", "host"};
    const struct login others[] = {
        {"session", "root", "host"}, {"session", "git", "hos"},  {"session", "gith", "ost"},
        {"session", "", "githost"},  {"session", "gi", "thost"},
    };
    const struct mac mac = mac_of_login(&login, "dev");

    (void)state;
    assert_true(same(mac, mac_of_login(&next, "dev")));
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(same(mac, mac_of_login(&others[i], "dev")));
    }
    assert_false(same(mac, mac_of_login(&login, "dev2")));
    assert_false(same(mac, mac_of_login(&login, "")));
}

static void test_scope_of_signatures(void **state)
{
    uint8_t bytes[512];
    struct approval_subject subject = {key_blob, sshsig_data(bytes, sizeof bytes, "git", 1),
                                       text_view("dev")};
    const struct mac mac = mac_of(&subject, APPROVAL_WHILE, 1000);
    const struct mac once = mac_of(&subject, APPROVAL_ONCE, 1000);

    (void)state;
    assert_false(same(mac, once));
    subject.data = sshsig_data(bytes, sizeof bytes, "git", 2); /* another message */
    assert_true(same(mac, mac_of(&subject, APPROVAL_WHILE, 1000)));
    assert_false(same(once, mac_of(&subject, APPROVAL_ONCE, 1000)));
    assert_false(same(mac, mac_of(&subject, APPROVAL_WHILE, 2000)));
    subject.data = sshsig_data(bytes, sizeof bytes, "file", 1);
    assert_false(same(mac, mac_of(&subject, APPROVAL_WHILE, 1000)));
    subject.data = sshsig_data(bytes, sizeof bytes, "git", 1);
    subject.key_blob = other_blob;
    assert_false(same(mac, mac_of(&subject, APPROVAL_WHILE, 1000)));
}

static void test_long_names(void **state)
{
    const struct login login = {"session", "git", "host"};
    uint8_t data_bytes[512];
    uint8_t name[1024];
    struct approval_subject subject = {key_blob,
                                       login_data(data_bytes, sizeof data_bytes, &login, key_blob),
                                       {name, QUBE_NAME_MAX}};
    struct mac mac;

    (void)state;
    memset(name, 'q', sizeof name);
    assert_true(approval_mac(token_key, &subject, APPROVAL_WHILE, 1000, mac.bytes));
    subject.qube.len = sizeof name;
    assert_false(approval_mac(token_key, &subject, APPROVAL_WHILE, 1000, mac.bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_no_scope),
        cmocka_unit_test(test_scope_of_logins),
        cmocka_unit_test(test_scope_of_signatures),
        cmocka_unit_test(test_long_names),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
