/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/serve.c, main.c: keys that were added with confirm, to the real program. The test is the
 * prompt, which makes approvals, and an agent that was taken over, which makes something of them.
 */
#include "approving.h"
#include "clock.h"
#include "keystore_process.h"
#include "openssh_key.h"

#define MESSAGE_MAX 1024
#define CONFIRM     "\2"
#define TOKENS      10000
#define A_WHILE_MS  3600000

static struct openssh_key files[2];

static int start(void **state)
{
    (void)state;
    keygen_start();
    for (size_t i = 0; i < COUNT(files); i++) {
        char name[8];

        snprintf(name, sizeof name, "key%zu", i);
        keygen_make(name, "ed25519", "256");
        openssh_key_read(name, &files[i]);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        openssh_key_free(&files[i]);
    }
    keygen_stop();
    return 0;
}

static uint64_t add_with(size_t file, const char *constraints, size_t len)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct wire_reader r;
    struct reply reply;

    put_add(&w, &files[file], text_view("comment"));
    put_bytes(&w, constraints, len);
    assert_int_equal(w.err, OK);
    reply = keystore_add(&keystore, true, 0, wire_written(&w));
    assert_int_equal(reply.err, OK);
    r = wire_reader(reply.body.data, reply.body.len);
    return wire_u64(&r);
}

/* A key that asks. */
static uint64_t add(size_t file)
{
    return add_with(file, CONFIRM, 1);
}

/* Good enough for what is no login. */
static struct approval_subject data_subject(const char *data)
{
    return (struct approval_subject){
        .key_blob = files[0].blob, .data = text_view(data), .qube = text_view("dev")};
}

/* A login of a qube with the first key. */
static struct approval_subject login_subject(struct login login)
{
    static struct signed_data data;

    return (struct approval_subject){.key_blob = files[0].blob,
                                     .data = make_login(&data, files[0].blob, login),
                                     .qube = text_view("dev")};
}

static struct approval_subject git(void)
{
    return login_subject((struct login){"session", "git", "host key"});
}

/* The prompt's answer, for that long from now. */
static struct approval approved(uint8_t kind, struct approval_subject of, uint64_t ms)
{
    return approve(keystore.token_key, kind, &of, boottime_ms() + ms);
}

static bool is_signature(struct view answer, struct approval_subject of)
{
    const uint8_t *public = of.key_blob.data + of.key_blob.len - crypto_sign_PUBLICKEYBYTES;
    struct wire_reader r = wire_reader(answer.data, answer.len);
    struct view signature = wire_string(&r, IPC_MAX);
    struct view name;
    struct view raw;

    if (wire_end(&r) != OK) {
        return false;
    }
    r = wire_reader(signature.data, signature.len);
    name = wire_string(&r, 100);
    raw = wire_string(&r, 100);
    return wire_end(&r) == OK && view_is(name, "ssh-ed25519") && raw.len == crypto_sign_BYTES &&
           crypto_sign_verify_detached(raw.data, of.data.data, of.data.len, public) == 0;
}

/* The error; a signature that is none fails the test. */
static enum err sign_with(uint64_t id, struct view approval, struct approval_subject of)
{
    struct reply reply = keystore_sign_with(&keystore, id, 0, of.qube, approval, of.data);

    assert_int_equal(reply.err == OK, is_signature(reply.body, of));
    return reply.err;
}

static enum err sign(uint64_t id, struct approval approval, struct approval_subject of)
{
    uint8_t bytes[APPROVAL_SIZE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_approval(&w, &approval);
    assert_int_equal(w.err, OK);
    return sign_with(id, wire_written(&w), of);
}

static enum err sign_unasked(uint64_t id, struct approval_subject of)
{
    return sign_with(id, NO_BODY, of);
}

/*
 * The user allowed it for a while, and the first use was made of that. No two such words are the
 * same, although they come faster than people click.
 */
static struct approval allow(uint64_t id, struct approval_subject of)
{
    static uint64_t count;
    struct approval approval = approved(APPROVAL_WHILE, of, A_WHILE_MS + 1000 * ++count);

    assert_int_equal(sign(id, approval, of), OK);
    assert_int_equal(sign_unasked(id, of), OK);
    return approval;
}

/* Neither what is remembered nor the old word; a new one is taken. */
static void assert_over(uint64_t id, struct approval old, struct approval_subject of)
{
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign(id, old, of), ERR_APPROVAL);
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    allow(id, of);
}

static void test_token_keys_differ(void **state)
{
    static const uint8_t zeros[APPROVAL_KEY_SIZE];
    uint8_t first[APPROVAL_KEY_SIZE];

    (void)state;
    keystore_start(&keystore);
    memcpy(first, keystore.token_key, sizeof first);
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
    keystore_start(&keystore);
    assert_memory_not_equal(first, keystore.token_key, sizeof first);
    assert_memory_not_equal(first, zeros, sizeof first);
    assert_memory_not_equal(keystore.token_key, zeros, sizeof first);
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
}

/* A prompt that is gone before it had the key: all but keys that ask goes on. */
static void test_no_prompt(void **state)
{
    struct approval_subject of = data_subject("x");
    uint64_t id;

    (void)state;
    memset(keystore.token_key, 0, sizeof keystore.token_key);
    keystore_start_with(&keystore, false);
    id = add(0);
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign(id, approved(APPROVAL_ONCE, of, 1000), of), ERR_APPROVAL);
    assert_int_equal(sign_unasked(add_with(0, "", 0), of), OK);
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
}

static void test_once(void **state)
{
    struct approval_subject of = data_subject("data");
    uint64_t id = add(0);
    struct approval approval = approved(APPROVAL_ONCE, of, APPROVAL_ONCE_MS);

    (void)state;
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign(id, approval, data_subject("dato")), ERR_APPROVAL);
    assert_int_equal(sign(id, approval, data_subject("data ")), ERR_APPROVAL);
    assert_int_equal(sign(id, approval, data_subject("")), ERR_APPROVAL);
    assert_int_equal(sign(id, approval, of), OK);
    assert_int_equal(sign(id, approval, of), ERR_APPROVAL);
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign(id, approved(APPROVAL_ONCE, of, 10000), of), OK);
}

/* Two keys that ask: a word for one is for no other. */
static void test_another_key(void **state)
{
    uint64_t id = add(0);
    uint64_t other_id = add(1);
    uint8_t kinds[] = {APPROVAL_ONCE, APPROVAL_WHILE};

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct approval approval = approved(kinds[i], git(), 10000);

        assert_int_equal(sign(other_id, approval, git()), ERR_APPROVAL);
        assert_int_equal(sign(id, approval, git()), OK);
        assert_int_equal(sign(other_id, approval, git()), ERR_APPROVAL);
        assert_int_equal(sign_unasked(other_id, git()), ERR_CONFIRM);
    }
}

static void test_expired(void **state)
{
    uint64_t id = add(0);
    struct approval_subject of = git();
    uint64_t now = boottime_ms();
    const uint64_t over[] = {0, 1, now - 1, now};

    (void)state;
    for (size_t i = 0; i < COUNT(over); i++) {
        assert_int_equal(sign(id, approve(keystore.token_key, APPROVAL_ONCE, &of, over[i]), of),
                         ERR_APPROVAL);
        assert_int_equal(sign(id, approve(keystore.token_key, APPROVAL_WHILE, &of, over[i]), of),
                         ERR_APPROVAL);
    }
    assert_int_equal(sign(id, approved(APPROVAL_WHILE, of, GRANT_MAX_S * 1000ULL + 60000), of),
                     ERR_APPROVAL);
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
}

static void test_every_bit(void **state)
{
    uint64_t id = add(0);
    uint8_t bytes[APPROVAL_SIZE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct approval approval = approved(APPROVAL_WHILE, git(), A_WHILE_MS);

    (void)state;
    put_approval(&w, &approval);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(sign_with(id, wire_written(&w), git()), ERR_APPROVAL);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(sign_unasked(id, git()), ERR_CONFIRM);
    assert_int_equal(sign_with(id, wire_written(&w), git()), OK);
}

/* The status that SIGN with so many bytes for an approval, or for a qube, ends it with. */
static int status_of_sign(bool confirm, size_t qube_len, size_t approval_len)
{
    static const uint8_t zeros[APPROVAL_SIZE + 1];
    uint8_t bytes[256];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct view body;
    uint8_t what;

    keystore_start(&keystore);
    put_u64(&w, confirm ? add(0) : add_with(0, "", 0));
    put_u32(&w, 0);
    put_string(&w, (struct view){zeros, qube_len});
    put_string(&w, (struct view){zeros, approval_len});
    put_text(&w, "data");
    keystore_send_frame(&keystore, IPC_SIGN, wire_written(&w));
    assert_false(keystore_next(&keystore, &what, &body));
    return keystore_wait(&keystore);
}

static void test_lengths(void **state)
{
    static const size_t lengths[] = {1, APPROVAL_SIZE - 1, APPROVAL_SIZE + 1};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
        assert_int_equal(status_of_sign(i % 2 == 0, 3, lengths[i / 2]), IPC_EXIT_PROTOCOL);
    }
    assert_int_equal(status_of_sign(true, QUBE_NAME_MAX + 1, 0), IPC_EXIT_PROTOCOL);
    assert_int_equal(status_of_sign(false, QUBE_NAME_MAX + 1, 0), IPC_EXIT_PROTOCOL);
}

static void test_key_that_does_not_ask(void **state)
{
    uint64_t id = add_with(0, "", 0);
    struct approval approval = approved(APPROVAL_ONCE, git(), 10000);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sign_unasked(id, git()), OK);
        assert_int_equal(sign(id, approval, git()), OK);
        assert_int_equal(sign(id, (struct approval){0}, git()), OK);
    }
    /* Nothing of that counted. */
    id = add(0);
    assert_int_equal(sign_unasked(id, git()), ERR_CONFIRM);
    assert_int_equal(sign(id, approval, git()), OK);
}

static void test_while(void **state)
{
    static const struct login others[] = {{"session", "root", "host key"},
                                          {"session", "git", "other host key"},
                                          {"session", "git", NULL}};
    uint64_t id = add(0);
    struct approval approval = allow(id, git());
    struct approval_subject of;

    (void)state;
    assert_int_equal(sign(id, approval, git()), ERR_APPROVAL);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sign_unasked(id, git()), OK);
    }
    of = login_subject((struct login){"next session", "git", "host key"});
    assert_int_equal(sign_unasked(id, of), OK);
    for (size_t i = 0; i < COUNT(others); i++) {
        of = login_subject(others[i]);
        assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
        assert_int_equal(sign(id, approval, of), ERR_APPROVAL);
    }
    of = git();
    of.qube = text_view("other");
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign(id, approval, of), ERR_APPROVAL);
    assert_int_equal(sign(id, approved(APPROVAL_WHILE, git(), A_WHILE_MS), of), ERR_APPROVAL);
    of.qube = NO_BODY;
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign_unasked(id, data_subject("data")), ERR_CONFIRM);
    assert_int_equal(sign_unasked(id, git()), OK);
}

/* Until its time is over, and not longer; the last signature was before that. */
static void test_while_ends(void **state)
{
    struct approval_subject of = git();
    uint64_t id = add(0);
    struct approval approval = approved(APPROVAL_WHILE, of, 300);
    const struct timespec interval = {.tv_nsec = 5000000};
    uint64_t asked;
    enum err err;

    (void)state;
    assert_int_not_equal(sign(id, approval, of), ERR_CONFIRM); /* a slow machine is too late */
    do {
        nanosleep(&interval, NULL);
        asked = boottime_ms();
        err = sign_unasked(id, of);
        assert_true(asked < approval.expiry + (uint64_t)PATIENCE_S * 1000);
    } while (err == OK);
    assert_int_equal(err, ERR_CONFIRM);
    assert_true(boottime_ms() >= approval.expiry);
    assert_int_equal(sign(id, approval, of), ERR_APPROVAL);
}

static void test_revoke(void **state)
{
    uint64_t id = add(0);
    struct approval approval = allow(id, git());

    (void)state;
    assert_int_equal(keystore_revoke(&keystore, "other"), OK);
    assert_int_equal(keystore_revoke(&keystore, ""), OK);
    assert_int_equal(sign_unasked(id, git()), OK);
    assert_int_equal(keystore_revoke(&keystore, "dev"), OK);
    assert_over(id, approval, git());
    assert_int_equal(keystore_revoke(&keystore, NULL), OK);
    assert_over(id, approval, git());
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(keystore_revoke(&keystore, "dev"), OK);
}

static void test_lock(void **state)
{
    uint64_t id = add(0);
    struct approval approval = allow(id, git());
    struct approval once = approved(APPROVAL_ONCE, git(), APPROVAL_ONCE_MS);

    (void)state;
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(sign_unasked(id, git()), ERR_LOCKED);
    assert_int_equal(sign(id, once, git()), ERR_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), OK);
    assert_over(id, approval, git());
}

/* However the key goes; the same blob then comes back, once with its old id. */
static void test_key_goes(void **state)
{
    uint64_t id = add(0);
    struct approval approval = allow(id, git());
    uint64_t again = add(0);

    (void)state;
    assert_true(again == id);
    assert_over(id, approval, git());
    assert_int_equal(keystore_remove(&keystore, id), OK);
    assert_int_equal(sign_unasked(id, git()), ERR_NOT_FOUND);
    assert_over(add(0), approval, git());
    assert_int_equal(keystore_clear(&keystore, 0), OK);
    assert_over(add(0), approval, git());
    /* Its life is over at the next request, whatever was allowed. */
    id = add_with(0, "\2\1\0\0\0\0", 6);
    assert_int_equal(sign_unasked(id, git()), ERR_NOT_FOUND);
    assert_over(add(0), approval, git());
}

/* A word counts as used when the signature could not be made. */
static void test_used_without_a_signature(void **state)
{
    uint64_t id = add(0);
    uint8_t bytes[APPROVAL_SIZE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct approval_subject of = git();
    struct approval approval = approved(APPROVAL_ONCE, of, 10000);
    struct view word;

    (void)state;
    put_approval(&w, &approval);
    word = wire_written(&w);
    assert_int_equal(keystore_sign_with(&keystore, id ^ 1, 0, of.qube, word, of.data).err,
                     ERR_NOT_FOUND);
    assert_int_equal(keystore_sign_with(&keystore, id, 8, of.qube, word, of.data).err,
                     ERR_SIGN_FLAGS);
    assert_int_equal(sign_with(id, word, of), ERR_APPROVAL);
}

/* More than can be noted: the rest is refused until time has passed, and none is good twice. */
static void test_ten_thousand(void **state)
{
    uint64_t id = add(0);
    struct approval_subject of = data_subject("data");
    uint64_t expiry = boottime_ms() + APPROVAL_ONCE_MS;
    unsigned good = 0;
    bool refused = false;

    (void)state;
    for (unsigned i = 0; i < TOKENS; i++) {
        struct approval approval = approve(keystore.token_key, APPROVAL_ONCE, &of,
                                           expiry - APPROVAL_ONCE_MS / 2 + i % 7000);
        enum err err = sign(id, approval, of);

        assert_int_equal(sign(id, approval, of), ERR_APPROVAL);
        good += err == OK;
        refused = refused || err == ERR_APPROVAL;
        assert_true(err == OK || err == ERR_APPROVAL);
    }
    assert_true(good >= APPROVALS_USED_MAX || boottime_ms() > expiry - APPROVAL_ONCE_MS / 2);
    assert_true(refused);
    assert_int_equal(sign_unasked(id, of), ERR_CONFIRM);
    assert_int_equal(sign_unasked(add_with(0, "", 0), of), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_keys_differ),
        cmocka_unit_test(test_no_prompt),
        cmocka_unit_test_setup_teardown(test_once, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_another_key, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_expired, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_every_bit, run_keystore, end_keystore),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test_setup_teardown(test_key_that_does_not_ask, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_while, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_while_ends, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_revoke, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_lock, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_key_goes, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_used_without_a_signature, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_ten_thousand, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
