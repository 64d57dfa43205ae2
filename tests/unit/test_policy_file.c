/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/policy_file.c: what is a policy file, and what is said about the others. */
#include "policy_text.h"

#define FINGERPRINT "SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s"

/* The error for a file, which must name the line and have the text. */
static void assert_refused(const char *content, size_t len, unsigned line, const char *text)
{
    char error[POLICY_ERROR_MAX] = "untouched";
    char start[64];
    struct policy *before = (struct policy *)error;
    struct policy *policy = before;
    enum err err = parse_bytes(content, len, &policy, error);

    if (err == OK) {
        fail_msg("taken: %.*s", (int)len, content);
    }
    assert_ptr_equal(policy, before);
    snprintf(start, sizeof start, FILE_PATH ":%u: ", line);
    if (strncmp(error, start, strlen(start)) != 0 || strstr(error, text) == NULL) {
        fail_msg("\"%s\" is not \"%s...%s\"", error, start, text);
    }
}

/* A value in [client:dev], with the text that policy_rules() then has for it. */
static void test_good_values(void **state)
{
    static const struct {
        enum policy_word word;
        const char *line, *text;
    } good[] = {
        {POLICY_AGENTS, "agents=work", "work"},
        {POLICY_AGENTS, "agents = work,  ci-*\t, a.b_c?", "work, ci-*, a.b_c?"},
        {POLICY_AGENTS, "agents = all", "all"},
        {POLICY_AGENTS, "agents = no", "no"},
        {POLICY_KEYS, "keys = " FINGERPRINT, FINGERPRINT},
        {POLICY_KEYS, "keys = " FINGERPRINT ", work laptop, *@home",
         FINGERPRINT ", work laptop, *@home"},
        {POLICY_KEYS, "keys = caf\xc3\xa9 \xff", "caf\xc3\xa9 \xff"},
        {POLICY_KEYS, "keys = a#b;c=d:e", "a#b;c=d:e"},
        {POLICY_KEYS, "keys = all keys", "all keys"},
        {POLICY_CONFIRM, "confirm = each", "each"},
        {POLICY_CONFIRM, "confirm = connection", "connection"},
        {POLICY_CONFIRM, "confirm = key", "key"},
        {POLICY_CONFIRM, "confirm = no", "no"},
        {POLICY_CONFIRM, "confirm = 1", "1"},
        {POLICY_CONFIRM, "confirm = 86400", "86400"},
        {POLICY_USES, "uses = 1000000", "1000000"},
        {POLICY_USES, "uses = no", "no"},
        {POLICY_DESTINATIONS, "destinations = git@github.com,*@*.example.org,unverified",
         "git@github.com, *@*.example.org, unverified"},
        {POLICY_DESTINATIONS, "destinations = a@b@host, u?@[h]:2222, x@2001:db8::1",
         "a@b@host, u?@[h]:2222, x@2001:db8::1"},
        {POLICY_DESTINATIONS, "destinations = unverified", "unverified"},
        {POLICY_DESTINATIONS, "destinations = all", "all"},
        {POLICY_DESTINATIONS, "destinations = no", "no"},
        {POLICY_NAMESPACES, "namespaces = git , mail@example.org", "git, mail@example.org"},
        {POLICY_NAMESPACES, "namespaces = all", "all"},
        {POLICY_OPAQUE, "opaque = yes", "yes"},
        {POLICY_RSA_SHA1, "rsa-sha1 = yes", "yes"},
        {POLICY_IDLE, "idle = 86400", "86400"},
        {POLICY_IDLE, "idle = no", "no"},
        {POLICY_RATE, "rate = 1", "1"},
        {POLICY_RATE, "rate = no", "no"},
        {POLICY_CONNECTIONS, "connections = 64", "64"},
        {POLICY_CONNECTIONS, "connections\t=\t1  \t", "1"},
        {POLICY_NOTIFY, "notify = use,connection, refused", "use, connection, refused"},
        {POLICY_NOTIFY, "notify = no", "no"},
        {POLICY_WAIT_FOR_KEY, "wait-for-key = no", "no"},
        {POLICY_WAIT_FOR_KEY, "wait-for-key = 1", "1"},
        {POLICY_WAIT_FOR_KEY, "wait-for-key = 600", "600"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[512];
        struct policy *policy;
        struct rules rules;

        snprintf(text, sizeof text, "[client:dev]\n\n%s\n", good[i].line);
        policy = policy_of(text);
        policy_rules(policy, "dev", &rules);
        assert_string_equal(rules.text[good[i].word], good[i].text);
        assert_string_equal(rules.source[good[i].word].file, FILE_PATH);
        assert_int_equal(rules.source[good[i].word].line, 3);
        assert_string_equal(rules.source[good[i].word].section, "client:dev");
        policy_free(&policy);
        assert_null(policy);
    }
}

static void test_bad_values(void **state)
{
    static const struct {
        const char *line, *text;
    } bad[] = {
        {"agents = wo rk", "agents: \"wo rk\" is no name of an agent"},
        {"agents = a/b", "\"a/b\""},
        {"agents =", "agents needs a value: all, no, or names"},
        {"keys = a,,b", "keys has an empty entry"},
        {"keys = ,a", "keys has an empty entry"},
        {"keys = a,", "keys has an empty entry"},
        {"keys = a, ,b", "keys has an empty entry"},
        {"keys = ,", "keys has an empty entry"},
        {"keys = all, a", "\"all\" stands alone"},
        {"keys = a, no", "\"no\" stands alone"},
        {"keys = SHA256:abc", "is no whole fingerprint"},
        {"keys = " FINGERPRINT "=", "is no whole fingerprint"},
        {"keys = SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ*s", "is no whole fingerprint"},
        {"keys = MD5:aa:bb", "MD5"},
        {"keys = work # mine", "a comment needs a line of its own"},
        {"keys = work ; mine", "a comment needs a line of its own"},
        {"keys = work\t;mine", "a comment needs a line of its own"},
        {"keys =# mine", "a comment needs a line of its own"},
        {"keys:;mine", "a comment needs a line of its own"},
        {"keys = work,;mine", "a comment needs a line of its own"},
        {"confirm = maybe",
         "confirm cannot be \"maybe\"; it is each, connection, key, no, or seconds (1 to 86400)"},
        {"confirm = yes", "it is each, connection, key, no, or seconds"},
        {"confirm = 0", "it is each"},
        {"confirm = 86401", "it is each"},
        {"confirm = 4294967297", "it is each"},
        {"confirm = 99999999999999999999999999", "it is each"},
        {"confirm = -1", "it is each"},
        {"confirm = +1", "it is each"},
        {"confirm = 1 0", "it is each"},
        {"confirm = 10m", "it is each"},
        {"confirm = 0x10", "it is each"},
        {"confirm = each, key", "it is each"},
        {"confirm = EACH", "it is each"},
        {"uses = 0", "a number (1 to 1000000), or no for no limit"},
        {"uses = 1000001", "(1 to 1000000)"},
        {"uses = all", "(1 to 1000000)"},
        {"rate = 1000001", "(1 to 1000000)"},
        {"idle = 86401", "seconds (1 to 86400)"},
        {"idle = 0", "seconds (1 to 86400)"},
        {"connections = 65", "connections cannot be \"65\"; it is a number (1 to 64)"},
        {"connections = 0", "(1 to 64)"},
        {"connections = no", "(1 to 64)"},
        {"destinations = github.com", "write *@github.com"},
        {"destinations = @github.com", "is not user@host"},
        {"destinations = git@", "is not user@host"},
        {"destinations = git@a b@c", "white space"},
        {"destinations = git@exa/mple", "no host name"},
        {"destinations = git@example\xc3\xa9", "no host name"},
        {"destinations = all, unverified", "\"all\" stands alone"},
        {"destinations = unverified, all", "\"all\" stands alone"},
        {"namespaces = git file", "is no namespace"},
        {"namespaces = unverified, x y", "is no namespace"},
        {"opaque = true", "opaque cannot be \"true\"; it is yes or no"},
        {"rsa-sha1 = 1", "yes or no"},
        {"notify = all", "it is no, or use, connection and refused"},
        {"notify = uses", "\"uses\" is not one of use, connection, refused"},
        {"notify = use, no", "\"no\" stands alone"},
        {"wait-for-key = 0", "wait-for-key cannot be \"0\"; it is seconds (1 to 600), or no"},
        {"wait-for-key = 601", "(1 to 600)"},
        {"wait-for-key = yes", "(1 to 600)"},
        {"wait-for-key = 1m", "(1 to 600)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[512];

        snprintf(text, sizeof text, "# a comment\n[client:dev]\n\n%s\n[DEFAULT]\nuses = 1\n",
                 bad[i].line);
        assert_refused(text, strlen(text), 4, bad[i].text);
    }
}

static void test_bad_lines(void **state)
{
    static const struct {
        unsigned line;
        const char *content, *text;
    } bad[] = {
        {1, "uses = 1\n[DEFAULT]\n", "text before the first section; begin with [DEFAULT]"},
        {2, "\nnonsense = 1\n", "text before the first section"},
        {2, "[DEFAULT]\nuses\n", "\"=\" is missing"},
        {2, "[DEFAULT]\nuses 1", "\"=\" is missing"},
        {2, "[DEFAULT]\nuses\nconfirm = maybe\n", "\"=\" is missing"},
        {2, "[DEFAULT]\nconfirm = maybe\nuses\n", "confirm cannot be"},
        {1, "[DEFAULT\nuses = 1\n", "\"[\" without \"]\""},
        {1, "[", "\"[\" without \"]\""},
        {1, "[DEFAULT] uses = 1\n", "text behind the \"]\""},
        {1, "[DEFAULT] # mine\n", "a comment needs a line of its own"},
        {1, "[DEFAULT]]\n", "text behind the \"]\""},
        {1, "[default]\n", "unknown section [default]; it is [DEFAULT] or [client:QUBE]"},
        {1, "[]\n", "unknown section []"},
        {1, "[ DEFAULT ]\n", "it is [DEFAULT] or [client:QUBE]"},
        {1, "[Client:dev]\n", "it is [DEFAULT] or [client:QUBE]"},
        {1, "[dev]\n", "it is [DEFAULT] or [client:QUBE]"},
        {1, "[client]\n", "it is [DEFAULT] or [client:QUBE]"},
        {3, "[DEFAULT]\nuses = 1\n[clinet:dev]\n", "unknown section [clinet:dev]"},
        {1, "[client:]\n", "[client:] names no qube; it is [client:QUBE]"},
        {1, "[client: dev]\n", "names no qube"},
        {1, "[client:dev ]\n", "names no qube"},
        {1, "[client:d/v]\n", "names no qube"},
        {1, "[client:1dev]\n", "names no qube"},
        {1, "[client:-dev]\n", "names no qube"},
        {1, "[client:@default]\n", "names no qube"},
        {1, "[client:d[ab]]\n", "text behind"},
        {1, "[client:d\xc3\xa9v]\n", "names no qube"},
        {1, "[client:a2345678901234567890123456789012]\n", "at most 31"},
        {2, "[DEFAULT]\nUses = 1\n", "unknown word \"Uses\"; the words are agents, keys, confirm"},
        {2, "[DEFAULT]\n = 1\n", "white space"},
        {2, "[DEFAULT]\n= 1\n", "unknown word \"\""},
        {2, "[DEFAULT]\nkey = a\n", "unknown word \"key\""},
        {2, "[DEFAULT]\nautoaccept = 300\n", "confirm = SECONDS"},
        {3, "[client:dev]\n# x\nautoaccept = 300\n", "confirm = SECONDS"},
        {2, "[DEFAULT]\n  uses = 1\n", "begins with white space"},
        {3, "[DEFAULT]\nuses = 1\n  rate = 2\n", "begins with white space"},
        {3, "[DEFAULT]\nkeys = a\n  b\n", "begins with white space"},
        {3, "[DEFAULT]\nkeys = a,\n  confirm = no\n", "begins with white space"},
        {3, "[DEFAULT]\nkeys = a,\n\tuses\t=1\n", "begins with white space"},
        {2, "[DEFAULT]\nkeys = a,\n[client:b]\n [DEFAULT]\n", "empty entry"},
        {2, "[DEFAULT]\nkeys = a,\n\n# more\n", "empty entry"},
        {3, "[DEFAULT]\nuses = 1\n [client:dev]\n", "begins with white space"},
        {2, "[client:dev]\nknown_hosts = hosts\n", "known_hosts can only stand in [DEFAULT]"},
        {2, "[client:*]\nunlock = use\n", "unlock can only stand in [DEFAULT]"},
        {2, "[client:dev]\nunlock = start\n", "unlock can only stand in [DEFAULT]"},
        {2, "[DEFAULT]\nunlock = yes\n", "unlock cannot be \"yes\"; it is use or start"},
        {2, "[DEFAULT]\nunlock = START\n", "it is use or start"},
        {2, "[DEFAULT]\nunlock = start, use\n", "it is use or start"},
        {2, "[DEFAULT]\nunlock =\n", "unlock needs a value: use or start"},
        {2, "[DEFAULT]\nknown_hosts = ../hosts\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = a/b\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = .hosts\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = .\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = /home/user/x\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = /etc/../home/x\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = /etc/\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts = /etcetera\n", "known_hosts cannot be"},
        {2, "[DEFAULT]\nknown_hosts =\n", "known_hosts needs a value"},
        {2, "[DEFAULT]\nuses = 1\r\r\n", "control character"},
        {2, "[DEFAULT]\nuses = 1\x1b[2J\n", "control character"},
        {2, "[DEFAULT]\n# \x7f\n", "control character"},
        {2, "[DEFAULT]\nkeys = a\x0b\n", "control character"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i].content, strlen(bad[i].content), bad[i].line, bad[i].text);
    }
}

/* inih ends at a NUL; what is behind it would be lost. */
static void test_a_nul(void **state)
{
    static const char text[] = "[DEFAULT]\nuses = 1\n# x\n\n";

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char bytes[sizeof text];
        unsigned line = 1;

        memcpy(bytes, text, sizeof text);
        for (size_t k = 0; k < i; k++) {
            line += text[k] == '\n';
        }
        bytes[i] = '\0';
        assert_refused(bytes, sizeof text - 1, line, "control character");
    }
}

static void test_long_lines(void **state)
{
    char text[1024];
    struct policy *policy;
    struct rules rules;
    size_t start;

    (void)state;
    start = (size_t)snprintf(text, sizeof text, "[DEFAULT]\nkeys = ");
    memset(text + start, 'k', sizeof text - start);
    text[10 + 197] = '\0';
    policy = policy_of(text);
    policy_rules(policy, "dev", &rules);
    assert_string_equal(rules.text[POLICY_KEYS], text + start); /* whole */
    policy_free(&policy);

    text[10 + 197] = 'k';
    text[10 + 198] = '\0';
    assert_refused(text, strlen(text), 2, "198 bytes, and 197 is the most");
    text[10 + 198] = 'k';
    assert_refused(text, sizeof text, 2, "bytes, and 197 is the most");

    /* Blanks at the end are not counted, and a comment may be as long as it likes. */
    memset(text + 10 + 197, ' ', sizeof text - 10 - 197);
    text[sizeof text - 1] = '\0';
    policy = policy_of(text);
    policy_free(&policy);
    memset(text + 10, '#', sizeof text - 11);
    policy = policy_of(text);
    policy_free(&policy);
}

static void test_lists_of_several_lines(void **state)
{
    struct policy *policy = policy_of("[DEFAULT]\r\n"
                                      "keys = a,\r\n"
                                      "  b b,\r\n"
                                      "\r\n"
                                      "# in between\r\n"
                                      "\tc: d,\n"
                                      "  used = 7\n"
                                      "namespaces =\n"
                                      "  git\n"
                                      "uses = 3");
    struct rules rules;

    (void)state;
    policy_rules(policy, "dev", &rules);
    assert_string_equal(rules.text[POLICY_KEYS], "a, b b, c: d, used = 7");
    assert_int_equal(rules.keys->count, 4);
    assert_string_equal(rules.keys->patterns[1], "b b");
    assert_string_equal(rules.keys->patterns[2], "c: d");
    assert_int_equal(rules.source[POLICY_KEYS].line, 2);
    assert_string_equal(rules.text[POLICY_NAMESPACES], "git");
    assert_int_equal(rules.source[POLICY_NAMESPACES].line, 8);
    assert_int_equal(rules.uses, 3);
    policy_free(&policy);
}

static void test_comments_and_marks(void **state)
{
    struct policy *policy = policy_of("\xef\xbb\xbf; one\n  # two\n\n[DEFAULT]\t\n#[client:x]\n"
                                      "uses = 2\n;rate = 7\n");
    struct rules rules;

    (void)state;
    policy_rules(policy, "x", &rules);
    assert_int_equal(rules.uses, 2);
    assert_int_equal(rules.rate, 30);
    assert_int_equal(rules.source[POLICY_USES].line, 6);
    policy_free(&policy);
}

static void test_known_hosts(void **state)
{
    static const char *const good[] = {"hosts", "known_hosts", "a.b", "/etc/ssh/hosts",
                                       "/etc/hosts2"};
    struct policy *policy = policy_of("");
    struct rules rules;

    (void)state;
    assert_string_equal(policy_known_hosts(policy), "");
    policy_free(&policy);
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[128];

        snprintf(text, sizeof text, "[DEFAULT]\nknown_hosts = one\n[DEFAULT]\nknown_hosts = %s\n",
                 good[i]);
        policy = policy_of(text);
        assert_string_equal(policy_known_hosts(policy), good[i]);
        policy_rules(policy, "dev", &rules);
        assert_string_equal(rules.text[POLICY_KNOWN_HOSTS], good[i]);
        policy_free(&policy);
    }
}

/* A value that begins in one file does not go on in the next; sections neither. */
static void test_several_files(void **state)
{
    static const char first[] = "[client:dev]\nuses = 5\nrate = 5\n";
    static const char second[] = "[client:dev]\nuses = 6\n";
    static const char no_section[] = "rate = 7\n";
    struct policy_text texts[] = {
        {"/etc/a.conf", {(const uint8_t *)first, sizeof first - 1}},
        {"/home/b.conf", {(const uint8_t *)second, sizeof second - 1}},
        {"/home/c.conf", {(const uint8_t *)no_section, sizeof no_section - 1}},
    };
    char error[POLICY_ERROR_MAX];
    struct policy *policy = NULL;
    struct rules rules;

    (void)state;
    assert_int_equal(policy_parse(texts, 2, &policy, error), OK);
    policy_rules(policy, "dev", &rules);
    assert_int_equal(rules.uses, 6);
    assert_string_equal(rules.source[POLICY_USES].file, "/home/b.conf");
    assert_int_equal(rules.rate, 5);
    assert_string_equal(rules.source[POLICY_RATE].file, "/etc/a.conf");
    policy_free(&policy);

    assert_int_equal(policy_parse(texts, 3, &policy, error), ERR_MALFORMED);
    assert_null(policy);
    assert_ptr_equal(strstr(error, "/home/c.conf:1: text before the first section"), error);
}

static void test_too_much(void **state)
{
    struct policy_text texts[CONFIG_FILES_MAX + 1];
    char *large = malloc(CONFIG_FILE_MAX + 1);
    char error[POLICY_ERROR_MAX] = "";
    struct policy *policy = NULL;

    (void)state;
    assert_non_null(large);
    memset(large, '\n', CONFIG_FILE_MAX + 1);
    assert_int_equal(parse_bytes(large, CONFIG_FILE_MAX, &policy, error), OK);
    policy_free(&policy);
    assert_int_equal(parse_bytes(large, CONFIG_FILE_MAX + 1, &policy, error), ERR_TOO_BIG);
    assert_string_equal(error, FILE_PATH ": larger than 65536 bytes");
    free(large);

    for (size_t i = 0; i < COUNT(texts); i++) {
        texts[i] = (struct policy_text){FILE_PATH, {NULL, 0}};
    }
    assert_int_equal(policy_parse(texts, CONFIG_FILES_MAX, &policy, error), OK);
    policy_free(&policy);
    assert_int_equal(policy_parse(texts, CONFIG_FILES_MAX + 1, &policy, error), ERR_TOO_BIG);
    assert_string_equal(error, "more than 64 policy files");
    assert_null(policy);
    assert_int_equal(policy_parse(NULL, 0, &policy, error), OK);
    policy_free(&policy);
}

/* What a message quotes is short and printable, wherever it comes from. */
static void test_quoted_text(void **state)
{
    char text[256] = "[DEFAULT]\n\xc3\xa9\xff";
    char error[POLICY_ERROR_MAX];
    char path[2048];
    struct policy_text file = {path, {(const uint8_t *)text, 0}};
    struct policy *policy = NULL;

    (void)state;
    memset(text + 13, 'x', 150);
    memcpy(text + 163, " = 1", 5);
    assert_refused(text, strlen(text), 2, "unknown word \"???xxxxxxxxxxx");
    assert_int_equal(parse_bytes(text, strlen(text), &policy, error), ERR_MALFORMED);
    assert_null(strstr(error, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
    assert_non_null(strstr(error, "xxx...\"; the words are agents, "));
    assert_non_null(strstr(error, ", notify, wait-for-key, unlock, known_hosts"));

    memset(path, '\x1b', sizeof path);
    path[sizeof path - 1] = '\0';
    file.content.len = strlen(text);
    assert_int_equal(policy_parse(&file, 1, &policy, error), ERR_MALFORMED);
    assert_null(strchr(error, '\x1b'));
    assert_non_null(strstr(error, ":2: unknown word")); /* a long path does not hide it */
}

/* Debian's inih can be told at run time what it is elsewhere told when it is built. */
extern bool ini_allow_multiline __attribute__((weak));
extern bool ini_allow_inline_comments __attribute__((weak));
extern bool ini_allow_no_value __attribute__((weak));
extern bool ini_use_stack __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));

static void test_other_builds_of_inih(void **state)
{
    static const char list[] = "[DEFAULT]\nkeys = a,\n  b=c\n";
    static const char pair[] = "[DEFAULT]\nuses\n";
    char line[] = "[DEFAULT]\n\nuses =                                 7\n";

    (void)state;
    if (&ini_allow_multiline == NULL || &ini_initial_alloc == NULL) {
        skip();
    }
    ini_allow_multiline = false;
    assert_refused(list, sizeof list - 1, 3, "white space");
    ini_allow_multiline = true;
    ini_allow_no_value = true;
    assert_refused(pair, sizeof pair - 1, 2, "\"=\"");
    ini_allow_no_value = false;
    ini_use_stack = false;
    ini_initial_alloc = 20;
    assert_refused(line, sizeof line - 1, 3, "reads no line of 40 bytes");
    ini_initial_alloc = 200;
    test_long_lines(state);
    ini_use_stack = true;
    ini_allow_inline_comments = false;
    test_good_values(state);
    test_bad_values(state);
    test_bad_lines(state);
    ini_allow_inline_comments = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_values),        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_bad_lines),          cmocka_unit_test(test_a_nul),
        cmocka_unit_test(test_long_lines),         cmocka_unit_test(test_lists_of_several_lines),
        cmocka_unit_test(test_comments_and_marks), cmocka_unit_test(test_known_hosts),
        cmocka_unit_test(test_several_files),      cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_quoted_text),        cmocka_unit_test(test_other_builds_of_inih),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
