/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/bind.c: session-bind@openssh.com (OpenSSH's PROTOCOL.agent, section 1). */
#include "unit.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "bind.h"

#define BODY_MAX 1024

static uint8_t host_public[crypto_sign_PUBLICKEYBYTES];
static uint8_t host_secret[crypto_sign_SECRETKEYBYTES];

/* The next malloc() fails; the test's own are others. */
static bool no_memory;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_malloc(size_t n)
{
    return no_memory ? NULL : __real_malloc(n);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 || crypto_sign_keypair(host_public, host_secret) != 0 ? -1 : 0;
}

static void put_host_blob(struct wire_writer *w)
{
    put_text(w, "ssh-ed25519");
    put_string(w, (struct view){host_public, sizeof host_public});
}

static void put_host_key(struct wire_writer *w)
{
    uint8_t bytes[64];
    struct wire_writer blob = wire_writer(bytes, sizeof bytes);

    put_host_blob(&blob);
    put_string(w, wire_written(&blob));
}

/* The host's signature over data. */
static void put_host_signature(struct wire_writer *w, struct view data)
{
    uint8_t bytes[128];
    uint8_t raw[crypto_sign_BYTES];
    struct wire_writer signature = wire_writer(bytes, sizeof bytes);

    crypto_sign_detached(raw, NULL, data.data, data.len, host_secret);
    put_text(&signature, "ssh-ed25519");
    put_string(&signature, (struct view){raw, sizeof raw});
    put_string(w, wire_written(&signature));
}

static void put_bind(struct wire_writer *w, struct view session_id, uint8_t forwarding)
{
    put_host_key(w);
    put_string(w, session_id);
    put_host_signature(w, session_id);
    put_u8(w, forwarding);
    assert_int_equal(w->err, OK);
}

static enum err record(struct bindings *bindings, struct view body)
{
    struct view copy = exact_copy(body.data, body.len);
    enum err err = bind_record(bindings, copy);

    view_free(&copy);
    return err;
}

static enum err bind(struct bindings *bindings, struct view session_id, uint8_t forwarding)
{
    uint8_t bytes[BODY_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_bind(&w, session_id, forwarding);
    return record(bindings, wire_written(&w));
}

static void test_one_bind(void **state)
{
    struct bindings bindings = {0};
    uint8_t bytes[64];
    uint8_t hash[32];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    assert_int_equal(bind(&bindings, text_view("session"), 0), OK);
    assert_int_equal(bindings.count, 1);
    assert_false(bindings.failed);
    assert_int_equal(bindings.binding[0].session_id_len, 7);
    assert_memory_equal(bindings.binding[0].session_id, "session", 7);
    assert_false(bindings.binding[0].forwarding);
    assert_true(bindings.binding[0].verified);

    put_host_blob(&w);
    assert_view_equal(bindings.binding[0].host_key, wire_written(&w));
    assert_int_equal(EVP_Digest(bytes, w.len, hash, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(bindings.binding[0].host_key_hash, hash, sizeof hash);
    bindings_clear(&bindings);
}

static void test_forwarding_is_a_boolean(void **state)
{
    static const uint8_t values[] = {1, 2, 255};

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct bindings bindings = {0};

        assert_int_equal(bind(&bindings, text_view("session"), values[i]), OK);
        assert_true(bindings.binding[0].forwarding);
        bindings_clear(&bindings);
    }
}

/* Sixteen hops, and not one more. */
static void test_limit(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(bind(&bindings, (struct view){&i, 1}, 1), OK);
        assert_int_equal(bindings.count, i + 1U);
        assert_false(bindings.failed);
    }
    assert_int_equal(bind(&bindings, text_view("one more"), 1), ERR_TOO_BIG);
    assert_int_equal(bindings.count, 16);
    assert_true(bindings.failed);
    assert_int_equal(bindings.binding[15].session_id[0], 15);
    bindings_clear(&bindings);
}

/* All is gone, and the struct can be used again. */
static void test_clear(void **state)
{
    static const struct bindings none;
    struct bindings bindings = {0};

    (void)state;
    bindings_clear(&bindings);
    assert_memory_equal(&bindings, &none, sizeof none);
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(bind(&bindings, (struct view){&i, 1}, 1), OK);
    }
    assert_int_equal(bind(&bindings, text_view("one more"), 1), ERR_TOO_BIG);
    bindings_clear(&bindings);
    assert_memory_equal(&bindings, &none, sizeof none);
    assert_int_equal(bind(&bindings, text_view("session"), 0), OK);
    assert_int_equal(bindings.count, 1);
    bindings_clear(&bindings);
}

/* The last of sixteen may be the one that authenticates. */
static void test_order(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    for (uint8_t i = 0; i < 15; i++) {
        assert_int_equal(bind(&bindings, (struct view){&i, 1}, 1), OK);
    }
    assert_int_equal(bind(&bindings, text_view("login"), 0), OK);
    assert_false(bindings.binding[15].forwarding);
    assert_false(bindings.failed);
    bindings_clear(&bindings);
}

static void test_no_bind_after_a_login(void **state)
{
    (void)state;
    for (uint8_t forwarding = 0; forwarding < 2; forwarding++) {
        struct bindings bindings = {0};

        assert_int_equal(bind(&bindings, text_view("login"), 0), OK);
        assert_int_equal(bind(&bindings, text_view("another"), forwarding), ERR_DENIED);
        assert_true(bindings.failed);
        assert_int_equal(bindings.count, 1);
        bindings_clear(&bindings);
    }
}

/* A bind of the session "again" by another host. */
static enum err bind_by_another(struct bindings *bindings, uint8_t forwarding)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    enum err err;

    memcpy(public, host_public, sizeof public);
    memcpy(secret, host_secret, sizeof secret);
    assert_int_equal(crypto_sign_keypair(host_public, host_secret), 0);
    err = bind(bindings, text_view("again"), forwarding);
    memcpy(host_public, public, sizeof public);
    memcpy(host_secret, secret, sizeof secret);
    return err;
}

/* What comes once more as it was changes nothing, wherever it stands. */
static void test_repeats(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    assert_int_equal(bind(&bindings, text_view("first"), 1), OK);
    assert_int_equal(bind(&bindings, text_view("again"), 1), OK);
    for (int i = 0; i < 20; i++) { /* more than may be recorded */
        assert_int_equal(bind(&bindings, text_view("again"), 1), OK);
    }
    assert_int_equal(bind(&bindings, text_view("first"), 255), OK); /* "true", too */
    assert_int_equal(bind(&bindings, text_view("login"), 0), OK);
    assert_int_equal(bind(&bindings, text_view("login"), 0), OK);
    assert_int_equal(bind(&bindings, text_view("again"), 1), OK);
    assert_false(bindings.failed);
    assert_int_equal(bindings.count, 3);
    assert_true(bindings.binding[1].forwarding);
    assert_false(bindings.binding[2].forwarding);
    bindings_clear(&bindings);
}

/* A repeat of a full list is no seventeenth. */
static void test_repeat_at_the_limit(void **state)
{
    struct bindings bindings = {0};
    uint8_t last = 15;

    (void)state;
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(bind(&bindings, (struct view){&i, 1}, 1), OK);
    }
    assert_int_equal(bind(&bindings, (struct view){&last, 1}, 1), OK);
    assert_int_equal(bindings.count, 16);
    assert_false(bindings.failed);
    bindings_clear(&bindings);
}

static void test_repeats_that_are_none(void **state)
{
    static const struct {
        uint8_t first, second;
        bool another_host;
    } cases[] = {
        {1, 0, false}, {0, 1, false}, {1, 1, true}, {1, 0, true}, {0, 0, true}, {0, 1, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bindings bindings = {0};

        assert_int_equal(bind(&bindings, text_view("again"), cases[i].first), OK);
        assert_int_equal(cases[i].another_host
                             ? bind_by_another(&bindings, cases[i].second)
                             : bind(&bindings, text_view("again"), cases[i].second),
                         ERR_DENIED);
        assert_true(bindings.failed);
        assert_int_equal(bindings.count, 1);
        assert_int_equal(bindings.binding[0].forwarding, cases[i].first);
        bindings_clear(&bindings);
    }
}

/* The signature has to be right each time. */
static void test_repeat_with_wrong_signature(void **state)
{
    struct bindings bindings = {0};
    uint8_t bytes[BODY_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    assert_int_equal(bind(&bindings, text_view("session"), 1), OK);
    put_host_key(&w);
    put_text(&w, "session");
    put_host_signature(&w, text_view("another"));
    put_u8(&w, 1);
    assert_int_equal(record(&bindings, wire_written(&w)), ERR_BAD_SIGNATURE);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 1);
    bindings_clear(&bindings);
}

static void test_no_session_twice(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    assert_int_equal(bind(&bindings, text_view("first"), 1), OK);
    assert_int_equal(bind(&bindings, text_view("again"), 1), OK);
    /* Others, though they begin alike. */
    assert_int_equal(bind(&bindings, text_view("firs"), 1), OK);
    assert_int_equal(bind(&bindings, text_view("first!"), 1), OK);
    assert_int_equal(bind_by_another(&bindings, 1), ERR_DENIED);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 4);
    bindings_clear(&bindings);
}

static void test_no_memory(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    assert_int_equal(bind(&bindings, text_view("session"), 1), OK);
    no_memory = true;
    assert_int_equal(bind(&bindings, text_view("session"), 1), OK); /* needs none */
    assert_int_equal(bind(&bindings, text_view("another"), 1), ERR_NO_MEMORY);
    no_memory = false;
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 1);
    bindings_clear(&bindings);
}

/* A host key of a type that is not verified, of this many bytes. */
static enum err bind_unverified(struct bindings *bindings, size_t len)
{
    uint8_t bytes[HOST_KEY_MAX + BODY_MAX];
    uint8_t blob[HOST_KEY_MAX + 1] = {0};
    struct wire_writer key = wire_writer(blob, sizeof blob);
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&key, "ssh-future");
    put_string(&w, (struct view){blob, len});
    put_text(&w, "session");
    put_host_signature(&w, text_view("session"));
    put_u8(&w, 1);
    assert_int_equal(w.err, OK);
    return record(bindings, wire_written(&w));
}

static void test_host_key_lengths(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    assert_int_equal(bind_unverified(&bindings, HOST_KEY_MAX), ERR_KEY_TYPE);
    assert_int_equal(bindings.count, 1);
    assert_false(bindings.failed);
    assert_int_equal(bindings.binding[0].host_key.len, HOST_KEY_MAX);
    bindings_clear(&bindings);

    assert_int_equal(bind_unverified(&bindings, HOST_KEY_MAX + 1), ERR_TOO_BIG);
    assert_int_equal(bindings.count, 0);
    assert_true(bindings.failed);
    bindings_clear(&bindings);

    assert_int_equal(bind_unverified(&bindings, 0), ERR_MALFORMED);
    assert_int_equal(bindings.count, 0);
    assert_true(bindings.failed);
    bindings_clear(&bindings);
}

/* After a refusal nothing makes the connection good again. */
static void test_failed_stays(void **state)
{
    struct bindings bindings = {0};

    (void)state;
    assert_int_equal(record(&bindings, text_view("rubbish")), ERR_MALFORMED);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 0);
    assert_int_equal(bind(&bindings, text_view("session"), 1), ERR_BOUND);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 0);
}

static void test_wrong_signatures(void **state)
{
    struct bindings bindings = {0};
    uint8_t bytes[BODY_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    put_host_key(&w);
    put_text(&w, "session");
    put_host_signature(&w, text_view("another"));
    put_u8(&w, 0);
    assert_int_equal(record(&bindings, wire_written(&w)), ERR_BAD_SIGNATURE);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 0);

    /* A signature that is none is refused too. */
    bindings.failed = false;
    w = wire_writer(bytes, sizeof bytes);
    put_host_key(&w);
    put_text(&w, "session");
    put_text(&w, "");
    put_u8(&w, 0);
    assert_int_equal(record(&bindings, wire_written(&w)), ERR_MALFORMED);
    assert_true(bindings.failed);
    assert_int_equal(bindings.count, 0);
}

static void test_every_truncation_and_trailing(void **state)
{
    uint8_t bytes[BODY_MAX] = {0};
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    (void)state;
    put_bind(&w, text_view("session"), 1);
    for (size_t len = 0; len <= w.len + 1; len++) {
        struct bindings bindings = {0};
        enum err err = record(&bindings, (struct view){bytes, len});

        assert_int_equal(err, len == w.len ? OK : ERR_MALFORMED);
        assert_int_equal(bindings.failed, len != w.len);
        assert_int_equal(bindings.count, len == w.len ? 1 : 0);
        bindings_clear(&bindings);
    }
}

static void test_session_id_lengths(void **state)
{
    uint8_t id[129];

    (void)state;
    memset(id, 0xa5, sizeof id);
    for (size_t len = 0; len <= sizeof id; len++) {
        struct bindings bindings = {0};
        enum err want = len == 0 ? ERR_MALFORMED : len == 129 ? ERR_TOO_BIG : OK;

        assert_int_equal(bind(&bindings, (struct view){id, len}, 1), want);
        assert_int_equal(bindings.failed, want != OK);
        if (want == OK) {
            assert_int_equal(bindings.binding[0].session_id_len, len);
            assert_memory_equal(bindings.binding[0].session_id, id, len);
        }
        bindings_clear(&bindings);
    }
}

/* A host key that cannot be verified here is recorded as such, and nothing breaks. */
static void test_unverifiable_hosts(void **state)
{
    static const struct {
        const char *type;
        enum err err;
    } hosts[] = {
        {"ssh-dss", ERR_KEY_DSA},
        {"sk-ssh-ed25519@openssh.com", ERR_KEY_SK},
        {"ssh-future", ERR_KEY_TYPE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct bindings bindings = {0};
        uint8_t bytes[BODY_MAX];
        uint8_t blob_bytes[64];
        struct wire_writer blob = wire_writer(blob_bytes, sizeof blob_bytes);
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_text(&blob, hosts[i].type);
        put_string(&w, wire_written(&blob));
        put_text(&w, "session");
        put_host_signature(&w, text_view("session"));
        put_u8(&w, 1);
        assert_int_equal(record(&bindings, wire_written(&w)), hosts[i].err);
        assert_int_equal(bindings.count, 1);
        assert_false(bindings.failed);
        assert_false(bindings.binding[0].verified);
        assert_true(bindings.binding[0].forwarding);
        assert_int_equal(bindings.binding[0].session_id_len, 7);

        /* It counts for the rules, all the same. */
        assert_int_equal(record(&bindings, wire_written(&w)), hosts[i].err);
        assert_int_equal(bindings.count, 1);
        assert_false(bindings.failed);
        assert_int_equal(bind(&bindings, text_view("session"), 1), ERR_DENIED);
        assert_true(bindings.failed);
        bindings_clear(&bindings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_bind),
        cmocka_unit_test(test_forwarding_is_a_boolean),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_bind_after_a_login),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_repeat_at_the_limit),
        cmocka_unit_test(test_repeats_that_are_none),
        cmocka_unit_test(test_repeat_with_wrong_signature),
        cmocka_unit_test(test_no_session_twice),
        cmocka_unit_test(test_host_key_lengths),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_failed_stays),
        cmocka_unit_test(test_wrong_signatures),
        cmocka_unit_test(test_every_truncation_and_trailing),
        cmocka_unit_test(test_session_id_lengths),
        cmocka_unit_test(test_unverifiable_hosts),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
