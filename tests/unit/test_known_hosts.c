/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/known_hosts.c, with files that ssh-keygen makes and reads. */
#include "known_hosts_files.h"

static const struct {
    const char *list;  /* in the line */
    const char *names; /* that it proves */
    const char *match[8];
    const char *no_match[8];
} lines[] = {
    {"a.example",
     "a.example",
     {"a.example", "A.EXAMPLE", "*.example", "?.example", "*", "a*"},
     {"b.example", "a.example.", "*.a.example", "", "[a.example]:22", "?", "a.exampl"}},
    {"A.Example", "A.Example", {"a.example", "*.EXAMPLE"}, {"b.example"}},
    {"a.example,192.0.2.1,2001:db8::1",
     "a.example, 192.0.2.1, 2001:db8::1",
     {"192.0.2.1", "192.*", "2001:db8::1", "a.example"},
     {"a.example,192.0.2.1", "192.0.2.11"}},
    {"a,,b,", "a, b", {"a", "b"}, {"", "c"}},
    {"a,a,A", "a, A", {"a"}, {"aa"}},
    {"[a.example]:2222",
     "[a.example]:2222",
     {"[a.example]:2222", "a.example", "*.example", "[*.example]:2222", "[*]:*"},
     {"[a.example]:22", "b.example", "[b*", "2222"}},
    {"[a.example", "[a.example", {"[a.example"}, {"a.example"}},
    {"[]:1,a", "[]:1, a", {"a"}, {"", "]"}},
    /* Patterns are no names; whoever looks for one name finds it. */
    {"*.example",
     "",
     {"a.example", "a.b.example", "A.Example"},
     {"*.example", "*", "example", "a.*", "?.example"}},
    {"*", "", {"a.example", "[a.example]:22"}, {"*", "a*", ""}},
    {"[*.example]:2222", "", {"[a.example]:2222", "a.example"}, {"*", "example"}},
    {"*.example,a.example", "a.example", {"a.example", "b.example", "*"}, {"b*"}},
    /* What is excluded is not proved. */
    {"a.example,!a.example", "", {NULL}, {"a.example", "*"}},
    {"!a.example,a.example,b.example", "b.example", {"b.example", "*"}, {"a.example", "a*"}},
    {"*.example,!*.b.example,x.b.example", "", {"a.example"}, {"a.b.example", "x.b.example", "*"}},
    {"*.example,![a.example]:22", "", {"b.example"}, {"a.example", "[a.example]:22"}},
    {"!a.example", "", {NULL}, {"a.example", "b.example", "!a.example", "*"}},
    /* What is no name. */
    {"a\x01"
     "b,c\xc3\xa4,d",
     "d",
     {"d"},
     {"a?b", "c*", "a*"}},
    {"x,@a", "x, @a", {"@a"}, {"a"}},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct known_hosts *hosts = load_line(lines[i].list, host_line, "");

        assert_names(hosts, host, lines[i].names);
        assert_false(is_known(hosts, other_host));
        assert_false(matches(hosts, other_host, "*"));
        for (size_t k = 0; k < COUNT(lines[i].match) && lines[i].match[k] != NULL; k++) {
            if (!matches(hosts, host, lines[i].match[k])) {
                fail_msg("\"%s\" does not match \"%s\"", lines[i].list, lines[i].match[k]);
            }
        }
        for (size_t k = 0; k < COUNT(lines[i].no_match) && lines[i].no_match[k] != NULL; k++) {
            if (matches(hosts, host, lines[i].no_match[k])) {
                fail_msg("\"%s\" matches \"%s\"", lines[i].list, lines[i].no_match[k]);
            }
        }
        known_hosts_free(&hosts);
        assert_null(hosts);
    }
}

static void test_layout(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"a.example", "\n"},
        {"a.example", ""},
        {"a.example", "\r\n"},
        {"a.example", "\r"},
        {"a.example", " a comment\n"},
        {"a.example", " a comment\r\n"},
        {"a.example", "\t\n"},
        {"a.example", " # b.example\n"},
        {" \t a.example \t", " \n"},
        {"# a comment\n\n \t \n  # another\r\n\r\na.example", "\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct known_hosts *hosts;
        char text[4096];

        snprintf(text, sizeof text, "%s %s%s", cases[i].before, host_line, cases[i].after);
        hosts = load(text, 0);
        assert_names(hosts, host, "a.example");
        known_hosts_free(&hosts);
    }
}

/* Skipped, counted, and what is around them is read. %s is the host's type and key. */
static void test_unreadable(void **state)
{
    static const char *const cases[] = {
        "a.example",
        "a.example ssh-ed25519",
        "a.example ssh-ed25519 ",
        "a.example ssh-ed25519 !!!!",
        "a.example ssh-ed25519 AAAA",
        "a.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", /* the key cut off */
        "a.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==", /* an empty key */
        "a.example ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==",
        "a.example %sx",
        "a.example %s=",
        "a.example x%s",
        "a.example 2048 65537 1234567890123456789", /* protocol 1 */
        "@revoked",
        "@revoked ",
        "@revoked a.example",
        "@future a.example %s",
        "@Revoked a.example %s",
        "@revoked @cert-authority a.example %s",
        "@revoked @revoked a.example %s",
        "@revoked @a %s",
        "@ a.example %s",
        "|1|a.example %s",
        "|1|| %s",
        "|1|AAAA|AAAA %s",
        "|2|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM= %s",
        "|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM=|x %s",
        "|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=USECr3SWf1JUPsms5AqfD5QfxkM= %s",
        "|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM=,a.example %s",
        "|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI|USECr3SWf1JUPsms5AqfD5QfxkM %s",
        "a.example \xff\xfe\xfd %s",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct known_hosts *hosts;
        const char *percent = strstr(cases[i], "%s");
        char line[2048];
        char text[8192];

        snprintf(line, sizeof line, "%.*s%s%s",
                 (int)(percent == NULL ? strlen(cases[i]) : (size_t)(percent - cases[i])), cases[i],
                 percent == NULL ? "" : host_line, percent == NULL ? "" : percent + 2);
        snprintf(text, sizeof text, "b %s\n%s\nc %s\n%s", other_line, line, other_line, line);
        hosts = load(text, 2);
        assert_names(hosts, other_host, "b, c");
        assert_false(is_known(hosts, host));
        assert_false(known_hosts_is_revoked(hosts, host));
        known_hosts_free(&hosts);
    }
}

/* ssh would see a line that ends there. */
static void test_nul(void **state)
{
    struct known_hosts *hosts;
    char text[4096];
    int len =
        snprintf(text, sizeof text, "a.example %s\nb.example_ %s\nc.example %s x_y\nd.example %s",
                 host_line, host_line, host_line, host_line);

    (void)state;
    for (int i = 0; i < len; i++) {
        if (text[i] == '_') {
            text[i] = '\0';
        }
    }
    hosts = load_bytes((struct view){(const uint8_t *)text, (size_t)len}, 2);
    assert_names(hosts, host, "a.example, d.example");
    known_hosts_free(&hosts);
}

static void test_hashed_by_ssh_keygen(void **state)
{
    static const char *const argv[] = {"ssh-keygen", "-H", "-f", "hashed", NULL};
    static const char *const good[] = {
        "alpha.example",
        "ALPHA.example",
        "[beta.example]:2222",
        "192.0.2.7",
        "gamma.example",
        "*",
        "**",
    };
    static const char *const bad[] = {
        "beta.example", "delta.example", "*.example", "?*", "", "[alpha.example]:22", "alpha",
    };
    struct known_hosts *hosts;
    struct view text;
    char plain[4096];

    (void)state;
    snprintf(plain, sizeof plain,
             "alpha.example,[beta.example]:2222,192.0.2.7 %s\nGamma.Example %s\n", host_line,
             host_line);
    keygen_write("hashed", text_view(plain));
    keygen_run(NULL, argv);
    text = keygen_read("hashed");
    assert_null(strstr((const char *)text.data, "xample"));
    hosts = load((const char *)text.data, 0);
    assert_names(hosts, host, "");
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(matches(hosts, host, good[i]));
        assert_false(matches(hosts, other_host, good[i]));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (matches(hosts, host, bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
    known_hosts_free(&hosts);
    view_free(&text);
}

/* The status of `ssh-keygen -F NAME -f FILE`: 0 where it finds the name, 1 where it does not. */
static int find_status(const char *name)
{
    const char *argv[] = {"ssh-keygen", "-F", name, "-f", "known", NULL};
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addchdir_np(&actions, keygen_dir);
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return WEXITSTATUS(status);
}

/* Of one line, a name is found by ssh-keygen where we find it, and nowhere else. */
static void test_agrees_with_ssh_keygen(void **state)
{
    static const char *const lists[] = {
        "a.example,B.example",
        "*.example",
        "?.example,!b.example",
        "!a.example,*",
        "[a.example]:2222,192.0.2.1",
        "[*.example]:2222",
        "*,![a.example]:*",
        "a.example,,",
        "!*.example",
    };
    static const char *const names[] = {
        "a.example",        "b.example",        "c.example",      "aa.example", "192.0.2.1",
        "[a.example]:2222", "[b.example]:2222", "[a.example]:22", "other",      "a",
    };
    size_t found = 0;

    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++) {
        struct known_hosts *hosts = load_line(lists[l], host_line, "");
        char text[4096];

        snprintf(text, sizeof text, "%s %s\n", lists[l], host_line);
        keygen_write("known", text_view(text));
        for (size_t n = 0; n < COUNT(names); n++) {
            bool ours = matches(hosts, host, names[n]);

            /* What they do not have: a name in brackets is also the name inside. */
            if (strchr(lists[l], '[') != NULL && names[n][0] != '[') {
                continue;
            }
            if (ours != (find_status(names[n]) == 0)) {
                fail_msg("list \"%s\", name \"%s\": %d", lists[l], names[n], ours);
            }
            found += ours;
        }
        known_hosts_free(&hosts);
    }
    assert_true(found >= 10);
}

static void test_several_files(void **state)
{
    struct known_hosts *hosts = load_line("a.example", host_line, "");
    char text[4096];
    size_t skipped = 99;

    (void)state;
    snprintf(text, sizeof text, "a.example,b.example %s\nrubbish\nc.example %s", host_line,
             other_line);
    assert_int_equal(known_hosts_add(hosts, text_view(text), &skipped), OK);
    assert_int_equal(skipped, 1);
    assert_int_equal(known_hosts_add(hosts, (struct view){NULL, 0}, &skipped), OK);
    assert_int_equal(skipped, 0);
    assert_names(hosts, host, "a.example, b.example"); /* none twice */
    assert_names(hosts, other_host, "c.example");
    assert_true(matches(hosts, host, "b.example"));
    known_hosts_free(&hosts);
}

static void test_revoked(void **state)
{
    struct known_hosts *hosts;
    char text[4096];

    (void)state;
    /* Before or after, for that name or another. */
    snprintf(text, sizeof text, "a.example %s\n@revoked b.example %s x\nc.example %s\n", host_line,
             host_line, other_line);
    hosts = load(text, 0);
    assert_true(known_hosts_is_revoked(hosts, host));
    assert_false(is_known(hosts, host));
    assert_false(matches(hosts, host, "a.example"));
    assert_false(known_hosts_is_revoked(hosts, other_host));
    assert_names(hosts, other_host, "c.example");
    assert_false(known_hosts_is_revoked(hosts, unknown_host));
    known_hosts_free(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_hashed_by_ssh_keygen),
        cmocka_unit_test(test_agrees_with_ssh_keygen),
        cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_revoked),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
