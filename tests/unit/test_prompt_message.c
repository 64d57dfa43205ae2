/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/message.c: what the agent sends. */
#include "message.h"

#include "prompt_question.h"

static const struct question sample = {
    .serial = 7,
    .qube = {(const uint8_t *)"dev", 3},
    .agent_name = {(const uint8_t *)"clients", 7},
    .comment = {(const uint8_t *)"work", 4},
    .key_blob = {(const uint8_t *)"blob", 4},
    .proof = PROOF_NAME,
    .forwarded = true,
    .host_key = {(const uint8_t *)"host", 4},
    .host_names = {(const uint8_t *)"github.com", 10},
    .seconds = 600,
    .data = {(const uint8_t *)"data", 4},
};

static uint8_t room[1 << 20];
static uint8_t filler[FRAME_MAX + 1];

static enum err parse(const struct question *q, struct question *ret)
{
    struct wire_writer w = wire_writer(room, sizeof room);

    return question_parse(ask_body(&w, q), ret);
}

static void test_exact(void **state)
{
    struct question q;

    (void)state;
    assert_int_equal(parse(&sample, &q), OK);
    assert_int_equal(q.serial, 7);
    assert_view_is(q.qube, "dev");
    assert_view_is(q.agent_name, "clients");
    assert_view_is(q.comment, "work");
    assert_view_is(q.key_blob, "blob");
    assert_int_equal(q.proof, PROOF_NAME);
    assert_true(q.forwarded);
    assert_view_is(q.host_key, "host");
    assert_view_is(q.host_names, "github.com");
    assert_int_equal(q.seconds, 600);
    assert_view_is(q.data, "data");
}

static void test_cut_and_longer(void **state)
{
    struct wire_writer w = wire_writer(room, sizeof room);
    struct view whole = ask_body(&w, &sample);
    struct question untouched;
    struct question q;

    (void)state;
    memset(&untouched, 0x55, sizeof untouched);
    for (size_t len = 0; len < whole.len; len++) {
        struct view cut = exact_copy(whole.data, len);

        memset(&q, 0x55, sizeof q);
        assert_int_equal(question_parse(cut, &q), ERR_MALFORMED);
        assert_memory_equal(&q, &untouched, sizeof q);
        view_free(&cut);
    }
    put_u8(&w, 0);
    assert_int_equal(question_parse(wire_written(&w), &q), ERR_MALFORMED);
}

static void test_caps(void **state)
{
    struct question full = sample;
    struct question q;

    (void)state;
    full.qube = (struct view){filler, QUBE_NAME_MAX};
    full.agent_name = (struct view){filler, AGENT_NAME_MAX};
    full.comment = (struct view){filler, PROMPT_COMMENT_MAX};
    full.host_key = (struct view){filler, HOST_KEY_MAX};
    full.host_names = (struct view){filler, PROMPT_NAMES_MAX};
    full.seconds = GRANT_MAX_S;
    full.data = (struct view){filler, FRAME_MAX};
    assert_int_equal(parse(&full, &q), OK);

    struct view *const fields[] = {&full.qube,     &full.agent_name, &full.comment,
                                   &full.host_key, &full.host_names, &full.data};

    for (size_t i = 0; i < COUNT(fields); i++) {
        fields[i]->len++;
        assert_int_equal(parse(&full, &q), ERR_TOO_BIG);
        fields[i]->len--;
    }
    full.seconds++;
    assert_int_equal(parse(&full, &q), ERR_MALFORMED);
}

static void test_proof_and_host_key(void **state)
{
    struct question odd = sample;
    struct question q;

    (void)state;
    odd.proof = (enum destination_proof)3;
    assert_int_equal(parse(&odd, &q), ERR_MALFORMED);
    odd.proof = PROOF_KEY;
    odd.host_key.len = 0;
    assert_int_equal(parse(&odd, &q), ERR_MALFORMED);
    odd.proof = PROOF_NONE;
    assert_int_equal(parse(&odd, &q), OK);
}

static void test_known_hosts_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } table[] = {
        {"known_hosts", true},
        {".hidden", true},
        {"...", true},
        {"with space", true},
        {"m\xc3\xbcller", true},
        {"/etc/known_hosts", true},
        {"/etc/ssh/more/known_hosts", true},
        {"/etc/a..b", true},
        {"", false},
        {".", false},
        {"..", false},
        {"/", false},
        {"/etc", false},
        {"/etc/", false},
        {"/etc//x", false},
        {"/etc/./x", false},
        {"/etc/../root/.ssh/id_rsa", false},
        {"/etc/x/../../root/x", false},
        {"/etc/x/..", false},
        {"/etc/x/", false},
        {"/etcetera/x", false},
        {"//etc/x", false},
        {"/home/user/.ssh/id_ed25519", false},
        {"../x", false},
        {"sub/x", false},
        {"x/", false},
        {"./x", false},
        {"~/x", false},
        {"etc/x", false},
        {"a\nb", false},
        {"/etc/a\x7f", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct view name = exact_copy(table[i].name, strlen(table[i].name));

        if (known_hosts_name_ok(name) != table[i].ok) {
            fail_msg("%s", table[i].name);
        }
        view_free(&name);
    }
    assert_false(known_hosts_name_ok(LITERAL_VIEW("/etc/x\0/../y")));
    assert_false(known_hosts_name_ok(LITERAL_VIEW("x\0")));
    memset(filler, 'x', sizeof filler);
    assert_true(known_hosts_name_ok((struct view){filler, PROMPT_PATH_MAX}));
    assert_false(known_hosts_name_ok((struct view){filler, PROMPT_PATH_MAX + 1}));
}

static enum err parse_keys(bool all, struct view agent, struct view directory,
                           struct keys_request *ret)
{
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, all);
    put_string(&w, agent);
    put_string(&w, directory);
    return keys_request_parse(wire_written(&w), ret);
}

static void test_keys(void **state)
{
    struct view full = {filler, AGENT_NAME_MAX};
    struct view path = {filler, PROMPT_PATH_MAX};
    struct keys_request request;

    (void)state;
    assert_int_equal(parse_keys(true, text_view(""), text_view("/run"), &request), OK);
    assert_true(request.all);
    assert_view_is(request.agent, "");
    assert_view_is(request.directory, "/run");
    assert_int_equal(parse_keys(false, text_view("work"), text_view(""), &request), OK);
    assert_false(request.all);
    assert_view_is(request.agent, "work");
    assert_int_equal(parse_keys(false, full, path, &request), OK);
    assert_int_equal(parse_keys(true, text_view("work"), text_view(""), &request), ERR_MALFORMED);
    full.len++;
    assert_int_equal(parse_keys(false, full, path, &request), ERR_TOO_BIG);
    path.len++;
    assert_int_equal(parse_keys(false, text_view(""), path, &request), ERR_TOO_BIG);
    assert_int_equal(keys_request_parse((struct view){room, 8}, &request), ERR_MALFORMED);
}

static struct view passphrase_body(struct wire_writer *w, const char *print, uint8_t wrong)
{
    *w = wire_writer(room, sizeof room);
    put_u32(w, 7);
    put_text(w, "dev");
    put_text(w, "work");
    put_text(w, "/home/user/key");
    put_text(w, print);
    put_u8(w, 1);
    put_u8(w, wrong);
    return wire_written(w);
}

static void test_passphrase(void **state)
{
    struct passphrase_request request = {0};
    struct wire_writer w;
    struct view whole = passphrase_body(&w, PRINT_A, 3);

    (void)state;
    assert_int_equal(passphrase_request_parse(whole, &request), OK);
    assert_int_equal(request.serial, 7);
    assert_view_is(request.qube, "dev");
    assert_view_is(request.comment, "work");
    assert_view_is(request.path, "/home/user/key");
    assert_view_is(request.fingerprint, PRINT_A);
    assert_true(request.look_up);
    assert_int_equal(request.wrong, 3);
    for (size_t len = 0; len < whole.len; len++) {
        struct view cut = exact_copy(whole.data, len);

        assert_int_equal(passphrase_request_parse(cut, &request), ERR_MALFORMED);
        view_free(&cut);
    }
    put_u8(&w, 0);
    assert_int_equal(passphrase_request_parse(wire_written(&w), &request), ERR_MALFORMED);
    assert_int_equal(passphrase_request_parse(passphrase_body(&w, PRINT_A, 4), &request),
                     ERR_MALFORMED);
}

static void test_passphrase_fingerprints(void **state)
{
    static const char *const table[] = {
        "",
        "SHA256:",
        "MD5:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:a",
        "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyq",
        "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyq=",
        "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP_UHvQMyqk",
        "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP UHvQMyqk",
        "SHA512:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk",
    };
    struct passphrase_request request;
    struct wire_writer w;

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(passphrase_request_parse(passphrase_body(&w, table[i], 0), &request),
                         ERR_MALFORMED);
    }
    assert_int_equal(passphrase_request_parse(passphrase_body(&w, PRINT_A "A", 0), &request),
                     ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_passphrase_fingerprints),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_proof_and_host_key),
        cmocka_unit_test(test_known_hosts_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
