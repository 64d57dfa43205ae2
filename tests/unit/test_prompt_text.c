/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/text.c: what a question says. */
#include <stdio.h>

#include "text.h"

#include "prompt_question.h"

static uint8_t room[8192];

/* A question about data, from the qube dev, for a login that went to a host with key b. */
static struct question question(struct view data)
{
    return (struct question){
        .serial = 1,
        .qube = text_view("dev"),
        .comment = text_view("work"),
        .key_blob = LITERAL_VIEW(KEY_A),
        .proof = PROOF_NAME,
        .host_key = LITERAL_VIEW(KEY_B),
        .host_names = text_view("github.com"),
        .data = data,
    };
}

static const char *last_line(const struct question_text *text)
{
    const char *newline = strrchr(text->body, '\n');

    assert_non_null(newline);
    return newline + 1;
}

static void test_whole_text(void **state)
{
    struct wire_writer w = wire_writer(room, sizeof room);
    struct question q = question(login_data(&w, text_view("git"), LITERAL_VIEW(KEY_B)));
    struct question_text text;

    (void)state;
    question_text(&q, &text);
    assert_string_equal(text.title, "SSH key \"work\": allow dev?");
    assert_string_equal(text.body, "Qube: dev\nKey: \"work\" " PRINT_A
                                   "\nlog in as git to github.com (host key verified)");
    assert_string_equal(text.while_label, "");
    q.agent_name = text_view("clients");
    q.qube = text_view("");
    q.forwarded = true;
    question_text(&q, &text);
    assert_string_equal(text.title, "SSH key \"work\": allow a program in this vault?");
    assert_string_equal(text.body,
                        "From: a program in this vault\nAgent: clients\nKey: \"work\" " PRINT_A
                        "\nlog in as git to github.com (host key verified), forwarded");
}

static void test_destinations(void **state)
{
    static const struct {
        const char *host_in_data; /* "": not hostbound */
        enum destination_proof proof;
        const char *names, *says;
    } table[] = {
        {"b", PROOF_NAME, "github.com, 10.1.2.3", "github.com, 10.1.2.3 (host key verified)"},
        {"", PROOF_NAME, "github.com", "github.com (host key verified)"},
        {"b", PROOF_NAME, "[git.lan]:2222", "[git.lan]:2222 (host key verified)"},
        {"b", PROOF_NAME, "",
         "a known host whose name is hashed, key " PRINT_B " (host key verified)"},
        {"b", PROOF_KEY, "ignored.example", "an UNKNOWN host, key " PRINT_B},
        {"", PROOF_KEY, "", "an UNKNOWN host, key " PRINT_B},
        {"b", PROOF_NONE, "github.com", "an UNVERIFIED destination (the client did not prove one)"},
        {"", PROOF_NONE, "", "an UNVERIFIED destination (the client did not prove one)"},
        {"a", PROOF_NAME, "github.com",
         "an UNVERIFIED destination (the login names another host key than the one that was "
         "verified)"},
        {"a", PROOF_KEY, "",
         "an UNVERIFIED destination (the login names another host key than the one that was "
         "verified)"},
        /* What a principal of a certificate can be */
        {"b", PROOF_NAME, "a.lan (host key verified)",
         "a.lan??host?key?verified? (host key verified)"},
        {"b", PROOF_NAME, "<b>a\xe2\x80\xae</b>\n", "?b?a?????b?? (host key verified)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct wire_writer w = wire_writer(room, sizeof room);
        struct view host = table[i].host_in_data[0] == 'a'   ? LITERAL_VIEW(KEY_A)
                           : table[i].host_in_data[0] == 'b' ? LITERAL_VIEW(KEY_B)
                                                             : text_view("");
        struct question q = question(login_data(&w, text_view("git"), host));
        struct question_text text;
        char want[512];

        q.proof = table[i].proof;
        q.host_names = text_view(table[i].names);
        snprintf(want, sizeof want, "log in as git to %s", table[i].says);
        question_text(&q, &text);
        assert_string_equal(last_line(&text), want);
    }
}

#define TEN    "0123456789"
#define TEN_X6 TEN TEN TEN TEN TEN TEN

/* No name of a user can look like a destination, or end its place. */
static void test_users(void **state)
{
    static const struct {
        const char *user, *says;
    } table[] = {
        {"git", "git"},
        {"a.b_c-D9", "a.b_c-D9"},
        {"", "\"\""},
        {"git to github.com (host key verified)", "\"git to github.com (host key verified)\""},
        {"x\" to \"y", "\"x' to 'y\""},
        {"git@github.com", "\"git@github.com\""},
        {"a\nb\tc\x1b[31m\x7f", "\"a?b?c?[31m?\""},
        {"<b>root</b>&amp;", "\"<b>root</b>&amp;\""},
        {"\xd9\x84\xe2\x80\xae\n", "\"??????\""},
        {TEN_X6 "abcd", TEN_X6 "abcd"},
        {TEN_X6 "abcde", "\"" TEN_X6 "abcd...\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct wire_writer w = wire_writer(room, sizeof room);
        struct question q = question(login_data(&w, text_view(table[i].user), LITERAL_VIEW(KEY_B)));
        struct question_text text;
        char want[512];

        snprintf(want, sizeof want, "log in as %s to github.com (host key verified)",
                 table[i].says);
        question_text(&q, &text);
        assert_string_equal(last_line(&text), want);
    }
}

static void test_nul_in_a_user(void **state)
{
    struct wire_writer w = wire_writer(room, sizeof room);
    struct question q = question(login_data(&w, LITERAL_VIEW("git\0x"), LITERAL_VIEW(KEY_B)));
    struct question_text text;

    (void)state;
    question_text(&q, &text);
    assert_string_equal(last_line(&text), "log in as \"git?x\" to github.com (host key verified)");
}

static void test_other_purposes(void **state)
{
    struct wire_writer w = wire_writer(room, sizeof room);
    struct question q = question(sshsig_data(&w, text_view("git")));
    struct question_text text;

    (void)state;
    question_text(&q, &text);
    assert_string_equal(last_line(&text), "sign for \"git\"");
    q.data = sshsig_data(&w, text_view("x\"\nlog in as root"));
    question_text(&q, &text);
    assert_string_equal(last_line(&text), "sign for \"x'?log in as root\"");
    q.data = text_view("SSHSIG?");
    q.forwarded = true;
    question_text(&q, &text);
    assert_string_equal(last_line(&text), "sign unidentified data (7 bytes), forwarded");
    /* A user name that is no name any more makes the whole unidentified. */
    static uint8_t big[1 << 20];
    static uint8_t more[sizeof big + 1024];

    memset(big, 'x', sizeof big);
    w = wire_writer(more, sizeof more);
    q.data = login_data(&w, (struct view){big, sizeof big}, LITERAL_VIEW(KEY_B));
    question_text(&q, &text);
    assert_true(strncmp(last_line(&text), "sign unidentified data (1048", 28) == 0);
    /* Neither is a login with another key. */
    w = wire_writer(room, sizeof room);
    q.data = login_data(&w, text_view("git"), LITERAL_VIEW(KEY_B));
    q.key_blob = LITERAL_VIEW(KEY_B);
    question_text(&q, &text);
    assert_true(strncmp(last_line(&text), "sign unidentified data (", 24) == 0);
}

static void test_while(void **state)
{
    static const struct {
        uint32_t seconds;
        const char *says;
    } table[] = {
        {0, ""},
        {1, "Allow for 1 second"},
        {59, "Allow for 59 seconds"},
        {60, "Allow for 1 minute"},
        {90, "Allow for 90 seconds"},
        {600, "Allow for 10 minutes"},
        {3600, "Allow for 1 hour"},
        {5400, "Allow for 90 minutes"},
        {86400, "Allow for 24 hours"},
    };
    struct wire_writer w = wire_writer(room, sizeof room);
    struct view good = login_data(&w, text_view("git"), LITERAL_VIEW(KEY_B));
    struct view other_host = login_data(&w, text_view("git"), LITERAL_VIEW(KEY_A));
    struct question_text text;

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct question q = question(good);

        q.seconds = table[i].seconds;
        question_text(&q, &text);
        assert_string_equal(text.while_label, table[i].says);
        q.data = other_host;
        question_text(&q, &text);
        assert_string_equal(text.while_label, "");
    }
}

/* All that others choose at its longest, and nothing of it printable or a line of its own. */
static void test_hostile_everything(void **state)
{
    static const uint8_t fills[] = {'\n', '"', 0, 0xff, 'A'};
    static uint8_t bytes[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(fills); i++) {
        struct wire_writer w = wire_writer(room, sizeof room);
        struct question q = question(text_view(""));
        struct question_text text;
        size_t lines = 0;

        memset(bytes, fills[i], sizeof bytes);
        q.data = login_data(&w, (struct view){bytes, USER_MAX}, LITERAL_VIEW(KEY_B));
        q.qube = (struct view){bytes, QUBE_NAME_MAX};
        q.agent_name = (struct view){bytes, AGENT_NAME_MAX};
        q.comment = (struct view){bytes, PROMPT_COMMENT_MAX};
        q.host_names = (struct view){bytes, PROMPT_NAMES_MAX};
        q.forwarded = true;
        question_text(&q, &text);
        for (const char *at = text.body; *at != '\0'; at++) {
            lines += *at == '\n';
            assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
        }
        for (const char *at = text.title; *at != '\0'; at++) {
            assert_true(*at >= ' ' && *at <= '~');
        }
        assert_int_equal(lines, 3);
        assert_non_null(strstr(text.body, PRINT_A));
        assert_non_null(strstr(text.body, "... (host key verified), forwarded"));
        assert_non_null(strstr(text.title, "?"));
    }
}

static void test_passphrase(void **state)
{
    struct passphrase_request request = {
        .qube = text_view("dev"),
        .comment = text_view("my \"key\"\n"),
        .path = text_view("/home/m\xfcller/key\nNeeded in this vault"),
        .fingerprint = text_view(PRINT_A),
        .wrong = 1,
    };
    struct passphrase_text text;

    (void)state;
    passphrase_text(&request, &text);
    assert_string_equal(text.title, "Passphrase for SSH key \"my 'key'?\"");
    assert_string_equal(text.body, "File: /home/m?ller/key?Needed in this vault\nKey: " PRINT_A
                                   "\nNeeded for a use by qube dev"
                                   "\nThat passphrase was wrong (1 of 3).");
    assert_string_equal(text.label, "SSH key /home/m?ller/key?Needed in this vault");
    request.qube.len = 0;
    request.wrong = 0;
    request.path = text_view("/k");
    passphrase_text(&request, &text);
    assert_string_equal(text.body, "File: /k\nKey: " PRINT_A
                                   "\nNeeded in this vault\nThe stored passphrase is wrong.");
    request.look_up = true;
    passphrase_text(&request, &text);
    assert_string_equal(text.body, "File: /k\nKey: " PRINT_A "\nNeeded in this vault");
}

/* The end of a path says more than its beginning. */
static void test_passphrase_long(void **state)
{
    static uint8_t path[PROMPT_PATH_MAX];
    struct passphrase_request request = {
        .path = {path, sizeof path},
        .fingerprint = text_view(PRINT_A),
    };
    struct passphrase_text text;

    (void)state;
    memset(path, 'x', sizeof path);
    path[sizeof path - 5] = '/';
    passphrase_text(&request, &text);
    assert_int_equal(strlen(text.label), 8 + 3 + SHOWN_PATH_MAX);
    assert_memory_equal(text.label, "SSH key ...xxx", 14);
    assert_non_null(strstr(text.body, "xxx/xxxx\nKey: "));
    request.path.len = SHOWN_PATH_MAX;
    passphrase_text(&request, &text);
    assert_int_equal(strlen(text.label), 8 + SHOWN_PATH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_passphrase_long),
        cmocka_unit_test(test_whole_text),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_nul_in_a_user),
        cmocka_unit_test(test_other_purposes),
        cmocka_unit_test(test_while),
        cmocka_unit_test(test_hostile_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
