/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/handlers.c, approvals.c: keys that ask and are sealed, in the real program. What the
 * user allowed before the passphrase was there is good once, when it is.
 */
#include "approving.h"
#include "clock.h"
#include "keystore_side.h"

#define PASSPHRASE "passphrase"
#define QUBE       "dev"

static int start(void **state)
{
    (void)state;
    keygen_start();
    make_sealed("key", "ed25519", "256", "1");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keygen_stop();
    return 0;
}

/* The file, as a key that asks. */
static uint64_t add(void)
{
    const struct side_file file = {.ticket = next_ticket(), .life = SIDE_NO_LIFE, .confirm = true};

    side_send_file(&keystore, &file, "key");
    return read_added(keystore_add_file(&keystore, 0, file.ticket, 0)).id;
}

static enum err unseal(uint64_t id, const char *passphrase)
{
    assert_int_equal(keystore_unseal(&keystore, id, passphrase), OK);
    return keystore_unsealed(&keystore, id);
}

/* A login with a key that asks, and the user's yes to it. */
struct asked {
    uint64_t id;
    struct signed_data data;
    struct approval_subject of;
    uint8_t approval[APPROVAL_SIZE];
};

static void ask(struct asked *ret, uint8_t kind, uint64_t ms)
{
    struct wire_writer w = wire_writer(ret->approval, sizeof ret->approval);
    struct view blob = keygen_blob("key.pub");
    struct approval approval;

    ret->id = add();
    ret->of = (struct approval_subject){
        .key_blob = blob,
        .data = make_login(&ret->data, blob, (struct login){"session", "git", "host key"}),
        .qube = text_view(QUBE)};
    approval = approve(keystore.token_key, kind, &ret->of, boottime_ms() + ms);
    put_approval(&w, &approval);
    view_free(&blob);
}

static enum err sign_approved(const struct asked *asked)
{
    return keystore_sign_with(&keystore, asked->id, 0, asked->of.qube,
                              (struct view){asked->approval, sizeof asked->approval},
                              asked->of.data)
        .err;
}

static enum err sign_for(const struct asked *asked, const char *qube, struct view data)
{
    return keystore_sign_with(&keystore, asked->id, 0, text_view(qube), NO_BODY, data).err;
}

static enum err sign_unasked(const struct asked *asked)
{
    return sign_for(asked, QUBE, asked->of.data);
}

static void test_held(void **state)
{
    struct asked asked;

    (void)state;
    ask(&asked, APPROVAL_ONCE, 10000);
    assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
    asked.approval[APPROVAL_SIZE - 1] ^= 1;
    assert_int_equal(sign_approved(&asked), ERR_APPROVAL);
    assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
    asked.approval[APPROVAL_SIZE - 1] ^= 1;
    assert_int_equal(sign_approved(&asked), ERR_SEALED);
    assert_int_equal(sign_unasked(&asked), ERR_SEALED);
    assert_int_equal(sign_approved(&asked), ERR_SEALED); /* used, and held */
    assert_int_equal(sign_for(&asked, "other", asked.of.data), ERR_CONFIRM);
    assert_int_equal(sign_for(&asked, QUBE, text_view("other")), ERR_CONFIRM);
    assert_int_equal(unseal(asked.id, "wrong"), ERR_PASSPHRASE);
    assert_int_equal(sign_unasked(&asked), ERR_SEALED);
    assert_int_equal(unseal(asked.id, PASSPHRASE), OK);
    assert_int_equal(sign_for(&asked, "other", asked.of.data), ERR_CONFIRM);
    assert_int_equal(sign_for(&asked, "", asked.of.data), ERR_CONFIRM);
    assert_int_equal(sign_for(&asked, QUBE, text_view("other")), ERR_CONFIRM);
    assert_int_equal(sign_unasked(&asked), OK);
    assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
    assert_int_equal(sign_approved(&asked), ERR_APPROVAL);
}

/* What is allowed for a while is so for that while, once what was held is spent. */
static void test_held_for_a_while(void **state)
{
    struct asked asked;

    (void)state;
    ask(&asked, APPROVAL_WHILE, 10000);
    assert_int_equal(sign_approved(&asked), ERR_SEALED);
    assert_int_equal(unseal(asked.id, PASSPHRASE), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sign_unasked(&asked), OK);
    }
    assert_int_equal(keystore_revoke(&keystore, QUBE), OK);
    assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
}

/* No more than a while: what was held goes with the first signature. */
static void test_while_is_over(void **state)
{
    struct asked asked;
    uint64_t expiry;

    (void)state;
    ask(&asked, APPROVAL_WHILE, 3000);
    expiry = boottime_ms() + 3000;
    assert_int_equal(sign_approved(&asked), ERR_SEALED);
    assert_int_equal(unseal(asked.id, PASSPHRASE), OK);
    assert_int_equal(sign_unasked(&asked), OK);
    while (boottime_ms() <= expiry) {
        usleep(10000);
    }
    assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
}

/* How one that is held ends. */
static void revoke_qube(struct asked *asked)
{
    assert_int_equal(keystore_revoke(&keystore, "other"), OK);
    assert_int_equal(sign_unasked(asked), ERR_SEALED);
    assert_int_equal(keystore_revoke(&keystore, QUBE), OK);
}

static void revoke_all(struct asked *asked)
{
    (void)asked;
    assert_int_equal(keystore_revoke(&keystore, NULL), OK);
}

static void lock(struct asked *asked)
{
    (void)asked;
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), OK);
}

static void add_again(struct asked *asked)
{
    assert_true(add() == asked->id);
}

static void remove_and_add(struct asked *asked)
{
    assert_int_equal(keystore_remove(&keystore, asked->id), OK);
    asked->id = add();
}

static void test_held_ends(void **state)
{
    static void (*const ends[])(struct asked *) = {revoke_qube, revoke_all, lock, add_again,
                                                   remove_and_add};
    struct asked asked;

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        ask(&asked, APPROVAL_ONCE, 10000);
        assert_int_equal(sign_approved(&asked), ERR_SEALED);
        ends[i](&asked);
        assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
        assert_int_equal(unseal(asked.id, PASSPHRASE), OK);
        assert_int_equal(sign_unasked(&asked), ERR_CONFIRM);
        assert_int_equal(sign_approved(&asked), ERR_APPROVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_held, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_held_for_a_while, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_while_is_over, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_held_ends, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
