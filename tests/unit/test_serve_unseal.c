/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/unsealing.c: key files with a passphrase, which the real program opens between other
 * requests.
 */
#include "clock.h"
#include "keystore_side.h"

#define PASSPHRASE "passphrase"

static const struct side_file plain_file = {.life = SIDE_NO_LIFE};

/* "slow" takes seconds to open, "middle" a part of one. */
static int start(void **state)
{
    const char *const certify[] = {"ssh-keygen", "-q", "-s", "ca",       "-I",
                                   "test",       "-n", "me", "fast.pub", NULL};
    const char *const encrypt[] = {"ssh-keygen", "-q", "-p",       "-a", "1",     "-P",
                                   PASSPHRASE,   "-N", PASSPHRASE, "-f", "again", NULL};
    struct view text;

    (void)state;
    keygen_start();
    keygen_make("ca", "ed25519", "256");
    keygen_make("open", "ed25519", "256");
    make_sealed("fast", "ed25519", "256", "1");
    make_sealed("rsa", "rsa", "2048", "1");
    make_sealed("middle", "ed25519", "256", "50");
    make_sealed("slow", "ed25519", "256", "500");
    make_sealed_as("pkcs8", "ecdsa", "256", "1", "PKCS8");
    keygen_run(NULL, certify);
    text = keygen_read("fast");
    keygen_write("again", text); /* then the same key, in other bytes */
    view_free(&text);
    keygen_run(NULL, encrypt);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keygen_stop();
    return 0;
}

/* The first key of the answer. */
static uint64_t add_with(struct side_file file, const char *name)
{
    struct reply reply;
    struct wire_reader r;

    file.ticket = next_ticket();
    side_send_file(&keystore, &file, name);
    reply = keystore_add_file(&keystore, 0, file.ticket, 0);
    assert_int_equal(reply.err, OK);
    r = wire_reader(reply.body.data, reply.body.len);
    return read_entry(&r).id;
}

static uint64_t add(const char *name)
{
    return add_with(plain_file, name);
}

static enum err sign(uint64_t id)
{
    return keystore_sign(&keystore, id, 4, text_view("data")).err;
}

/* From UNSEAL to UNSEALED. */
static enum err unseal(uint64_t id, const char *passphrase)
{
    assert_int_equal(keystore_unseal(&keystore, id, passphrase), OK);
    return keystore_unsealed(&keystore, id);
}

static void test_right(void **state)
{
    static const char *const names[] = {"fast", "rsa", "middle"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        uint64_t id = add(names[i]);

        assert_int_equal(sign(id), ERR_SEALED);
        assert_int_equal(unseal(id, PASSPHRASE), OK);
        assert_int_equal(sign(id), OK);
        assert_int_equal(unseal(id, "is not asked for any more"), OK);
        assert_int_equal(sign(id), OK);
        /* Added again, it is as its file is. */
        assert_true(add(names[i]) == id);
        assert_int_equal(sign(id), ERR_SEALED);
    }
}

static void test_wrong(void **state)
{
    static const char *const wrong[] = {"passphras", "passphrase\n", "Passphrase", " "};
    uint64_t id = add("fast");

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(unseal(id, wrong[i]), ERR_PASSPHRASE);
        assert_int_equal(sign(id), ERR_SEALED);
    }
    assert_int_equal(unseal(id, PASSPHRASE), OK);
    assert_int_equal(sign(id), OK);
}

/* Nothing here is waited for, and nothing of it begins. */
static void test_pipes_that_hold_no_passphrase(void **state)
{
    static uint8_t bytes[PASSPHRASE_MAX + 1] = {'x'};
    uint64_t id = add("fast");
    uint64_t ticket = next_ticket();
    int ends[2];

    (void)state;
    side_send_passphrase(&keystore, ticket, NO_BODY);
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_PASSPHRASE);
    side_send_passphrase(&keystore, ticket, (struct view){bytes, sizeof bytes});
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_PASSPHRASE);
    side_send_passphrase_fd(&keystore, ticket, keystore.fd);
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_PASSPHRASE);
    for (size_t written = 0; written < 2; written++) { /* somebody may write yet */
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], PASSPHRASE, written * strlen(PASSPHRASE)),
                         written * strlen(PASSPHRASE));
        side_send_passphrase_fd(&keystore, ticket, ends[0]);
        assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_PASSPHRASE);
        close(ends[0]);
        close(ends[1]);
    }
    side_send_passphrase_fd(&keystore, ticket, STDERR_FILENO);
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_PASSPHRASE);
    /* The longest is one, and wrong. */
    side_send_passphrase(&keystore, ticket, (struct view){bytes, PASSPHRASE_MAX});
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), OK);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_PASSPHRASE);
}

static void test_tickets(void **state)
{
    uint64_t id = add("middle");
    uint64_t other = add("fast");
    uint64_t ticket = next_ticket();
    struct side_file file = plain_file;

    (void)state;
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_NOT_FOUND);
    file.ticket = ticket;
    side_send_file(&keystore, &file, "open");
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_NOT_FOUND);
    side_drop(&keystore, ticket);
    assert_int_equal(keystore_unseal(&keystore, id ^ 0x10000, PASSPHRASE), ERR_NOT_FOUND);
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    /* One at a time; the second keeps its ticket. */
    side_send_passphrase(&keystore, ticket, text_view(PASSPHRASE));
    assert_int_equal(keystore_unseal_with(&keystore, other, ticket), ERR_TOO_MANY);
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), ERR_TOO_MANY);
    assert_int_equal(keystore_unsealed(&keystore, id), OK);
    assert_int_equal(keystore_unseal_with(&keystore, other, ticket), OK);
    assert_int_equal(keystore_unsealed(&keystore, other), OK);
    assert_int_equal(keystore_unseal_with(&keystore, other, ticket), ERR_NOT_FOUND);
}

/* What was made of the same bytes, and nothing else. */
static void test_keys_of_one_file(void **state)
{
    struct view certificate = keygen_blob("fast-cert.pub");
    struct side_file file = {
        .ticket = next_ticket(), .life = SIDE_NO_LIFE, .certificate = certificate};
    uint64_t elsewhere = keystore_add_named(&keystore, 7, "fast").id;
    uint64_t another = add("rsa");
    uint64_t in_another_file = keystore_add_named(&keystore, 8, "again").id;
    struct reply reply;
    struct wire_reader r;
    uint64_t plain;
    uint64_t certified;

    (void)state;
    side_send_file(&keystore, &file, "fast");
    reply = keystore_add_file(&keystore, 0, file.ticket, 0);
    r = wire_reader(reply.body.data, reply.body.len);
    plain = read_entry(&r).id;
    certified = read_entry(&r).id;
    assert_int_equal(wire_end(&r), OK);
    assert_int_equal(sign(certified), ERR_SEALED);
    assert_int_equal(unseal(certified, "wrong"), ERR_PASSPHRASE);
    assert_int_equal(sign(elsewhere), ERR_SEALED);
    assert_int_equal(unseal(certified, PASSPHRASE), OK);
    assert_int_equal(sign(certified), OK);
    assert_int_equal(sign(plain), OK);
    assert_int_equal(sign(elsewhere), OK);
    assert_int_equal(sign(another), ERR_SEALED);
    assert_int_equal(sign(in_another_file), ERR_SEALED);
    view_free(&certificate);
}

/* Of a PEM file the public half that lies beside it counts, until the file is open. */
static void test_another_public_half(void **state)
{
    struct view right = keygen_blob("pkcs8.pub");
    struct view wrong = keygen_blob("rsa.pub");
    struct side_file file = {.life = SIDE_NO_LIFE, .public = wrong};
    uint64_t mixed = add_with(file, "pkcs8");
    uint64_t good;

    (void)state;
    assert_int_equal(unseal(mixed, "wrong"), ERR_PASSPHRASE);
    assert_int_equal(unseal(mixed, PASSPHRASE), ERR_KEY_MISMATCH);
    assert_int_equal(sign(mixed), ERR_SEALED);
    file.public = right;
    good = add_with(file, "pkcs8");
    assert_int_equal(unseal(mixed, PASSPHRASE), ERR_KEY_MISMATCH);
    assert_int_equal(sign(good), OK); /* its file is the same one */
    view_free(&right);
    view_free(&wrong);
}

/* Waits for UNSEALED, while other keys sign and come; how often they did. */
static unsigned sign_until_unsealed(uint64_t id, uint64_t other, enum err *ret)
{
    static const uint8_t frame[] = {0, 0, 0, 1, IPC_EXPIRE};
    unsigned count = 0;
    struct view body;
    uint8_t what = 0;

    do {
        uint8_t bytes[32];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_u64(&w, other);
        put_u32(&w, 0);
        put_text(&w, "");
        put_text(&w, "");
        put_text(&w, "data");
        keystore_send_frame(&keystore, IPC_SIGN, wire_written(&w));
        assert_true(keystore_next(&keystore, &what, &body));
        count += what == OK;
    } while (what == OK);
    assert_int_equal(what, IPC_UNSEALED);
    *ret = unsealed_err(body, id);
    /* The request that it crossed is answered too, and so is the next. */
    assert_true(keystore_next(&keystore, &what, &body));
    assert_int_equal(what, OK);
    keystore_send(&keystore, frame, sizeof frame);
    assert_true(keystore_next(&keystore, &what, &body));
    assert_int_equal(what, OK);
    return count;
}

static void test_others_do_not_wait(void **state)
{
    uint64_t other = add("open");
    uint64_t id = add("slow");
    enum err err = ERR_MAX;

    (void)state;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    assert_true(sign_until_unsealed(id, other, &err) > 20);
    assert_int_equal(err, OK);
    assert_int_equal(sign(id), OK);
}

/* A request of which only a part is there is not waited for either. */
static void test_half_a_request(void **state)
{
    static const uint8_t frame[] = {0, 0, 0, 1, IPC_EXPIRE};
    uint64_t id = add("fast");
    uint8_t what = 0;
    struct view body;

    (void)state;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    keystore_send(&keystore, frame, 3);
    assert_int_equal(keystore_unsealed(&keystore, id), OK);
    keystore_send(&keystore, frame + 3, sizeof frame - 3);
    assert_true(keystore_next(&keystore, &what, &body));
    assert_int_equal(what, OK);
}

/* What ends the work. The file of "slow" takes longer than what is done to it. */
static void test_key_goes_meanwhile(void **state)
{
    uint64_t id = add("slow");

    (void)state;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    assert_int_equal(keystore_remove(&keystore, id), OK);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_NOT_FOUND);
    id = add("slow");
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    assert_int_equal(keystore_clear(&keystore, 0), OK);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_NOT_FOUND);
    id = add("slow");
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    assert_true(add("slow") == id);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_NOT_FOUND);
    assert_int_equal(sign(id), ERR_SEALED);
}

static void test_life_ends_meanwhile(void **state)
{
    const struct side_file file = {.ticket = next_ticket(), .life = 1};
    const struct timespec interval = {.tv_nsec = 10000000};
    struct added added;
    uint64_t deadline;
    uint64_t id;

    (void)state;
    side_send_file(&keystore, &file, "slow");
    added = read_added(keystore_add_file(&keystore, 0, file.ticket, 0));
    deadline = added.deadline;
    id = added.id;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    kill(keystore.pid, SIGSTOP);
    while (boottime_ms() < deadline) {
        nanosleep(&interval, NULL);
    }
    kill(keystore.pid, SIGCONT);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_NOT_FOUND);
    assert_int_equal(keystore_remove(&keystore, id), ERR_NOT_FOUND);
}

static void test_lock_meanwhile(void **state)
{
    uint64_t id = add("middle");

    (void)state;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(keystore_unsealed(&keystore, id), ERR_LOCKED);
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), ERR_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), OK);
    assert_int_equal(sign(id), ERR_SEALED);
    assert_int_equal(unseal(id, PASSPHRASE), OK);
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "b"), OK);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "b"), OK);
    assert_int_equal(sign(id), OK);
}

static void test_prompt_ends_meanwhile(void **state)
{
    uint64_t id = add("middle");

    (void)state;
    assert_int_equal(keystore_unseal(&keystore, id, PASSPHRASE), OK);
    keystore_close_side(&keystore);
    assert_int_equal(keystore_unsealed(&keystore, id), OK);
    assert_int_equal(sign(id), OK);
}

/* Then all is wiped and over: the status is looked at in end(). */
static void test_agent_ends_meanwhile(void **state)
{
    (void)state;
    assert_int_equal(keystore_unseal(&keystore, add("middle"), PASSPHRASE), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_right, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_wrong, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_pipes_that_hold_no_passphrase, run_keystore,
                                        end_keystore),
        cmocka_unit_test_setup_teardown(test_tickets, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_keys_of_one_file, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_another_public_half, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_others_do_not_wait, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_half_a_request, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_key_goes_meanwhile, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_life_ends_meanwhile, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_lock_meanwhile, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_prompt_ends_meanwhile, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_agent_ends_meanwhile, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
