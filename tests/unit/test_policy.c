/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/policy.c, agent/policy_explain.c: the rules of a qube, and what people are told of them. */
#include "policy_text.h"

#define FINGERPRINT "SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s"

/* What the manual page has to say; written from the plan, not from the program. */
static const struct {
    enum policy_word word;
    const char *name, *initial;
} defaults[] = {
    {POLICY_AGENTS, "agents", "all"},
    {POLICY_KEYS, "keys", "all"},
    {POLICY_CONFIRM, "confirm", "each"},
    {POLICY_USES, "uses", "1"},
    {POLICY_DESTINATIONS, "destinations", "all"},
    {POLICY_NAMESPACES, "namespaces", "git, file"},
    {POLICY_OPAQUE, "opaque", "no"},
    {POLICY_RSA_SHA1, "rsa-sha1", "no"},
    {POLICY_IDLE, "idle", "60"},
    {POLICY_RATE, "rate", "30"},
    {POLICY_CONNECTIONS, "connections", "16"},
    {POLICY_NOTIFY, "notify", "use"},
    {POLICY_WAIT_FOR_KEY, "wait-for-key", "no"},
    {POLICY_UNLOCK, "unlock", "use"},
    {POLICY_KNOWN_HOSTS, "known_hosts", "no"},
};

static void test_defaults(void **state)
{
    struct policy *policy = policy_of("");
    struct rules rules;

    (void)state;
    memset(&rules, 0x55, sizeof rules);
    policy_rules(policy, "dev", &rules);
    assert_int_equal(COUNT(defaults), POLICY_WORDS);
    for (size_t i = 0; i < COUNT(defaults); i++) {
        assert_string_equal(policy_word_name(defaults[i].word), defaults[i].name);
        assert_string_equal(rules.text[defaults[i].word], defaults[i].initial);
        assert_null(rules.source[defaults[i].word].file);
    }
    assert_true(rules.agents->all && rules.keys->all && rules.destinations->all);
    assert_int_equal(rules.namespaces->count, 2);
    assert_string_equal(rules.namespaces->patterns[0], "git");
    assert_string_equal(rules.namespaces->patterns[1], "file");
    assert_int_equal(rules.confirm, CONFIRM_EACH);
    assert_int_equal(rules.seconds, 0);
    assert_int_equal(rules.uses, 1);
    assert_false(rules.opaque || rules.rsa_sha1 || rules.unverified);
    assert_int_equal(rules.idle, 60);
    assert_int_equal(rules.rate, 30);
    assert_int_equal(rules.connections, 16);
    assert_int_equal(rules.notify, NOTIFY_USE);
    assert_int_equal(rules.wait_for_key, 0);
    assert_false(policy_unlock_at_start(policy));
    assert_string_equal(policy_known_hosts(policy), "");
    policy_free(&policy);
}

static void test_every_word(void **state)
{
    struct policy *policy = policy_of("[client:dev]\n"
                                      "agents = no\nkeys = a, b\nconfirm = 300\nuses = no\n"
                                      "destinations = unverified, git@h\nnamespaces = x\n"
                                      "opaque = yes\nrsa-sha1 = yes\nidle = no\nrate = no\n"
                                      "connections = 2\nnotify = refused, connection\n"
                                      "wait-for-key = 90\n");
    struct rules rules;

    (void)state;
    policy_rules(policy, "dev", &rules);
    assert_false(rules.agents->all);
    assert_int_equal(rules.agents->count, 0);
    assert_int_equal(rules.keys->count, 2);
    assert_int_equal(rules.confirm, CONFIRM_SECONDS);
    assert_int_equal(rules.seconds, 300);
    assert_int_equal(rules.uses, 0);
    assert_true(rules.unverified && rules.opaque && rules.rsa_sha1);
    assert_int_equal(rules.destinations->count, 1);
    assert_string_equal(rules.destinations->patterns[0], "git@h");
    assert_string_equal(rules.namespaces->patterns[0], "x");
    assert_int_equal(rules.idle, 0);
    assert_int_equal(rules.rate, 0);
    assert_int_equal(rules.connections, 2);
    assert_int_equal(rules.notify, NOTIFY_REFUSED | NOTIFY_CONNECTION);
    assert_int_equal(rules.wait_for_key, 90);
    policy_rules(policy, "deve", &rules); /* another qube */
    assert_int_equal(rules.confirm, CONFIRM_EACH);
    assert_false(rules.unverified);
    assert_int_equal(rules.wait_for_key, 0);
    policy_free(&policy);
}

/* Words about the agent: the last [DEFAULT] holds, for every qube. */
static void test_words_of_the_agent(void **state)
{
    struct policy *policy = policy_of("[DEFAULT]\nunlock = use\nknown_hosts = one\n"
                                      "[client:*]\nuses = 2\n"
                                      "[DEFAULT]\nunlock = start\nknown_hosts = two\n");
    struct rules rules;

    (void)state;
    assert_true(policy_unlock_at_start(policy));
    assert_string_equal(policy_known_hosts(policy), "two");
    policy_rules(policy, "dev", &rules);
    assert_string_equal(rules.text[POLICY_UNLOCK], "start");
    assert_int_equal(rules.source[POLICY_UNLOCK].line, 7);
    assert_string_equal(rules.source[POLICY_KNOWN_HOSTS].section, "DEFAULT");
    policy_free(&policy);

    policy = policy_of("[DEFAULT]\nunlock = start\nknown_hosts = one\n"
                       "unlock = use\nknown_hosts = no\n");
    assert_false(policy_unlock_at_start(policy));
    assert_string_equal(policy_known_hosts(policy), "");
    policy_free(&policy);
}

/* Which `uses` each qube has: the most exact section that has the word, wherever it stands. */
static void test_precedence(void **state)
{
    static const char text[] = "[client:dev]\nuses = 100\n"
                               "[client:*]\nuses = 10\nrate = 10\n"
                               "[client:d?v*]\nuses = 20\n"
                               "[client:de*]\nuses = 21\n"
                               "[client:*-de]\nuses = 30\n"
                               "[client:*-d?]\nuses = 29\n"
                               "[client:dev-*-ci]\nuses = 40\n"
                               "[client:dev]\nidle = 5\n"
                               "[DEFAULT]\nuses = 2\nrate = 2\nidle = 2\n";
    static const struct {
        const char *qube;
        unsigned uses, rate, idle;
    } want[] = {
        {"dev", 100, 10, 5},  /* by name; rate by a pattern; */
        {"Dev", 10, 10, 2},   /* names have case */
        {"dev1", 21, 10, 2},  /* d?v* and de* have two letters each: the later one */
        {"dxv1", 20, 10, 2},  /* */
        {"x-de", 30, 10, 2},  /* three against two, though an earlier one */
        {"x-dx", 29, 10, 2},  /* */
        {"de-de", 30, 10, 2}, /* *-de has three, de* two */
        {"dev-a-ci", 40, 10, 2}, {"other", 10, 10, 2},
    };
    struct policy *policy = policy_of(text);

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++) {
        struct rules rules;

        policy_rules(policy, want[i].qube, &rules);
        if (rules.uses != want[i].uses || rules.rate != want[i].rate ||
            rules.idle != want[i].idle) {
            fail_msg("%s: %u %u %u", want[i].qube, rules.uses, rules.rate, rules.idle);
        }
        assert_int_equal(rules.connections, 16);
    }
    policy_free(&policy);
}

/* The later of two in equal sections; what belongs to a word comes with it. */
static void test_later_values(void **state)
{
    struct policy *policy = policy_of("[client:dev]\nconfirm = 300\ndestinations = unverified\n"
                                      "[client:dev]\nconfirm = no\ndestinations = git@h\n"
                                      "[DEFAULT]\nrate = 5\nrate = 6\n");
    struct rules rules;

    (void)state;
    policy_rules(policy, "dev", &rules);
    assert_int_equal(rules.confirm, CONFIRM_NO);
    assert_int_equal(rules.seconds, 0);
    assert_false(rules.unverified);
    assert_int_equal(rules.rate, 6);
    assert_int_equal(rules.source[POLICY_RATE].line, 9);
    assert_string_equal(rules.source[POLICY_RATE].section, "DEFAULT");
    policy_free(&policy);
}

static void test_agents(void **state)
{
    struct policy *policy = policy_of("[client:dev]\nagents = work, ci-?\n"
                                      "[client:default]\nagents = default\n"
                                      "[client:none]\nagents = no\n");
    struct rules rules;

    (void)state;
    policy_rules(policy, "dev", &rules);
    assert_true(policy_permits_agent(&rules, "work"));
    assert_true(policy_permits_agent(&rules, "ci-1"));
    assert_false(policy_permits_agent(&rules, "ci-12"));
    assert_false(policy_permits_agent(&rules, "workx"));
    assert_false(policy_permits_agent(&rules, ""));
    policy_rules(policy, "default", &rules);
    assert_true(policy_permits_agent(&rules, ""));
    assert_false(policy_permits_agent(&rules, "work"));
    policy_rules(policy, "none", &rules);
    assert_false(policy_permits_agent(&rules, ""));
    policy_rules(policy, "other", &rules);
    assert_true(policy_permits_agent(&rules, "") && policy_permits_agent(&rules, "work"));
    policy_free(&policy);
}

static bool permits(const struct policy *policy, const char *qube, const char *comment)
{
    struct policy_key key = {.fingerprint = FINGERPRINT, .comment = text_view(comment)};
    struct rules rules;

    policy_rules(policy, qube, &rules);
    return policy_permits_key(&rules, &key);
}

static void test_keys(void **state)
{
    static const char other[] = "SHA256:ABCNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s";
    struct policy *policy = policy_of("[client:print]\nkeys = " FINGERPRINT "\n"
                                      "[client:other]\nkeys = "
                                      "SHA256:ABCNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s\n"
                                      "[client:comment]\nkeys = work *, caf\xc3\xa9\n"
                                      "[client:wide]\nkeys = SHA*\n");

    (void)state;
    assert_true(permits(policy, "print", "anything"));
    assert_false(permits(policy, "other", "anything"));
    assert_false(permits(policy, "other", other)); /* a comment that looks like a fingerprint */
    assert_true(permits(policy, "comment", "work laptop"));
    assert_true(permits(policy, "comment", "caf\xc3\xa9"));
    assert_false(permits(policy, "comment", "work"));
    assert_false(permits(policy, "comment", "my work laptop"));
    assert_false(permits(policy, "wide", "anything")); /* patterns are for comments */
    assert_true(permits(policy, "none of them", ""));
    policy_free(&policy);
}

/* The line of a text that begins with start, behind blanks. */
static void line_of(const char *text, const char *start, char ret[512])
{
    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at + strspn(at, " "), start, strlen(start)) == 0) {
            snprintf(ret, 512, "%.*s", (int)strcspn(at, "\n"), at);
            return;
        }
    }
    fail_msg("no line \"%s\" in:\n%s", start, text);
}

/* Each word, its value, and where it comes from, in columns. */
static void test_explain(void **state)
{
    struct policy *policy = policy_of("\n[client:d*]\nuses = 7\n[DEFAULT]\nrate = no\n");
    char text[4096];
    char line[512];
    struct rules rules;
    long column = -1;

    (void)state;
    policy_rules(policy, "dev", &rules);
    policy_explain(&rules, "dev", NULL, text, sizeof text);
    assert_non_null(strstr(text, "qube dev"));
    for (size_t i = 0; i < COUNT(defaults); i++) {
        const char *value = defaults[i].initial;
        const char *from = "  default";
        const char *at;

        if (defaults[i].word == POLICY_USES) {
            value = "7";
            from = "  /etc/p.conf:3 [client:d*]";
        } else if (defaults[i].word == POLICY_RATE) {
            value = "no";
            from = "  /etc/p.conf:5 [DEFAULT]";
        }
        line_of(text, defaults[i].name, line);
        at = strstr(line, from);
        assert_non_null(at);
        assert_true(column == -1 || column == at - line);
        column = at - line;
        assert_non_null(strstr(line + strlen(defaults[i].name), value));
    }
    policy_free(&policy);
}

static void explain_key(const char *lines, bool confirm, char text[4096])
{
    struct policy_key key = {
        .fingerprint = FINGERPRINT, .comment = text_view("work\x1b[2J"), .confirm = confirm};
    char file[512];
    struct policy *policy;
    struct rules rules;

    snprintf(file, sizeof file, "[client:dev]\n%s\n", lines);
    policy = policy_of(file);
    policy_rules(policy, "dev", &rules);
    policy_explain(&rules, "dev", &key, text, 4096);
    policy_free(&policy);
    assert_non_null(strstr(text, FINGERPRINT " \"work?[2J\""));
}

static void test_explain_a_key(void **state)
{
    static const struct {
        const char *lines;
        bool confirm;
        const char *visible, *asks;
    } table[] = {
        {"", false, "yes, by \"all\" (keys, default)", "each login"},
        {"keys = x, w*", false, "yes, by \"w*\" (keys, /etc/p.conf:2 [client:dev])", "each login"},
        {"confirm = no", false, "yes", "  no:"},
        {"confirm = no", true, "yes", "  yes, each signature: it was added with ssh-add -c"},
        {"confirm = key", false, "yes", "  no:"},
        {"confirm = connection", false, "yes", "first use of each connection"},
        {"confirm = 300", false, "yes", "still holds (confirm = 300)"},
        {"confirm = 300", true, "yes", "each signature: it was added with ssh-add -c, unless"},
    };
    char text[4096];
    char line[512];

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        explain_key(table[i].lines, table[i].confirm, text);
        line_of(text, "visible", line);
        assert_non_null(strstr(line, table[i].visible));
        line_of(text, "asks", line);
        if (strstr(line, table[i].asks) == NULL) {
            fail_msg("\"%s\" has no \"%s\"", line, table[i].asks);
        }
    }
    explain_key("keys = x", true, text);
    line_of(text, "visible", line);
    assert_non_null(strstr(line, "no: not listed"));
    assert_non_null(strstr(line, "keys = x, /etc/p.conf:2 [client:dev]"));
    assert_null(strstr(text, "asks"));
}

/* However small the room is, it is not left, and what is there is a text. */
static void test_explain_in_little_room(void **state)
{
    struct policy *policy = policy_of("");
    struct policy_key key = {.fingerprint = FINGERPRINT, .comment = text_view("c")};
    char whole[4096];
    struct rules rules;

    (void)state;
    policy_rules(policy, "dev", &rules);
    policy_explain(&rules, "dev", &key, whole, sizeof whole);
    for (size_t cap = 1; cap < strlen(whole) + 2; cap++) {
        char *room = malloc(cap); /* of exactly this size, for ASan */

        assert_non_null(room);
        policy_explain(&rules, "dev", &key, room, cap);
        assert_int_equal(strlen(room), cap - 1 < strlen(whole) ? cap - 1 : strlen(whole));
        assert_memory_equal(room, whole, strlen(room));
        free(room);
    }
    policy_free(&policy);
}

/* The manual page has each word, and for each the default. */
static void test_manual_page(void **state)
{
    FILE *file = fopen(MANUAL_PAGE, "r");
    char page[65536];
    size_t len;

    (void)state;
    assert_non_null(file);
    len = fread(page, 1, sizeof page - 1, file);
    page[len] = '\0';
    fclose(file);
    for (size_t i = 0; i < COUNT(defaults); i++) {
        char item[64];
        char initial[64];
        char *at;
        char *end;

        snprintf(item, sizeof item, "\n.It Ic %s\n", defaults[i].name);
        snprintf(initial, sizeof initial, "\nDefault:\n.Ql %s .\n", defaults[i].initial);
        at = strstr(page, item);
        if (at == NULL) {
            fail_msg("no %s in the manual page", defaults[i].name);
            return;
        }
        end = strstr(at + 1, "\n.It Ic ");
        assert_int_equal(end == NULL, defaults[i].word == POLICY_KNOWN_HOSTS); /* the last one */
        at = strstr(at, initial);
        if (at == NULL || (end != NULL && at > end)) {
            fail_msg("the manual page has another default of %s", defaults[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_words_of_the_agent),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_later_values),
        cmocka_unit_test(test_agents),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_explain_a_key),
        cmocka_unit_test(test_explain_in_little_room),
        cmocka_unit_test(test_manual_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
