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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_proof_and_host_key),
        cmocka_unit_test(test_known_hosts_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
