/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/key_scan.c and key_table.c: what is in directories, and what has changed there. */
#include "key_scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key_table.h"
#include "unit.h"

static char root[] = "/tmp/key_scan.XXXXXX";

static const char *in_root(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_root(name), "we");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int empty_root(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s/*  %s/.h*", root, root);
    return system(command); // NOLINT(cert-env33-c): of a test
}

static int stop(void **state)
{
    (void)state;
    return rmdir(root);
}

static bool lists(const struct key_listing *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->entries[i].path, in_root(name)) == 0) {
            return l->entries[i].problem == NULL;
        }
    }
    return false;
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } table[] = {
        {"work", true},
        {"0", true},
        {"a.b_c-d", true},
        {"default", true},
        {"", false},
        {".", false},
        {"..", false},
        {".hidden", false},
        {"-x", false},
        {"_x", false},
        {"a b", false},
        {"a/b", false},
        {"a+b", false},
        {"m\xc3\xbcller", false},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0", true},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        if (agent_name_ok(text_view(table[i].name)) != table[i].ok) {
            fail_msg("%s", table[i].name);
        }
    }
}

static void test_files(void **state)
{
    struct key_listing l = {0};

    (void)state;
    write_file("b", "");
    write_file("a", "");
    write_file("a.pub", "");
    write_file("a-cert.pub", "");
    write_file("a.ssh-add-option", "");
    write_file(".hidden", "");
    write_file("pub", "");
    mkdir(in_root("directory"), 0700);
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    assert_int_equal(symlink("a", in_root("link")), 0);
    assert_int_equal(symlink("directory", in_root("link_to_directory")), 0);
    assert_int_equal(symlink("nothing", in_root("link_to_nothing")), 0);
    assert_int_equal(key_scan_files(&l, root, 3), OK);
    key_scan_sort(&l);
    assert_int_equal(l.count, 5);
    assert_string_equal(l.entries[0].path, in_root("a"));
    assert_string_equal(l.entries[1].path, in_root("b"));
    assert_int_equal(l.entries[1].agent, 3);
    assert_true(lists(&l, "link") && lists(&l, "pub"));
    assert_string_equal(l.entries[3].path, in_root("link_to_nothing"));
    assert_string_equal(l.entries[3].problem, "is a link to nothing");
    assert_int_equal(l.links_count, 3);
    assert_false(l.cut);
    key_scan_free(&l);
}

static void test_missing_and_no_directory(void **state)
{
    struct key_listing l = {0};

    (void)state;
    write_file("file", "");
    assert_int_equal(key_scan_files(&l, in_root("missing"), 0), OK);
    assert_int_equal(key_scan_agents(&l, in_root("missing"), NULL), OK);
    assert_int_equal(l.count + l.agents_count, 0);
    assert_false(l.cut);
    assert_int_equal(key_scan_files(&l, in_root("file"), 0), OK);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.entries[0].problem, "Not a directory");
    assert_true(l.cut);
    key_scan_free(&l);
}

static void test_agents(void **state)
{
    struct key_listing l = {0};

    (void)state;
    mkdir(in_root("work"), 0700);
    mkdir(in_root("home"), 0700);
    mkdir(in_root("agent"), 0700);
    mkdir(in_root("qrexec"), 0700);
    mkdir(in_root("a name"), 0700);
    mkdir(in_root(".hidden"), 0700);
    write_file("file", "");
    assert_int_equal(symlink("work", in_root("linked")), 0);
    assert_int_equal(key_scan_agents(&l, root, NULL), OK);
    key_scan_sort(&l);
    assert_int_equal(l.agents_count, 3);
    assert_string_equal(l.agents[0], "home");
    assert_string_equal(l.agents[1], "linked");
    assert_string_equal(l.agents[2], "work");
    assert_int_equal(l.count, 3);
    for (size_t i = 0; i < l.count; i++) {
        assert_non_null(strstr(l.entries[i].problem, "is no agent's: "));
    }
    key_scan_free(&l);
    assert_int_equal(key_scan_agents(&l, root, "work"), OK);
    assert_int_equal(l.agents_count, 1);
    assert_int_equal(l.count, 0);
    key_scan_free(&l);
}

static void test_too_many(void **state)
{
    struct key_listing l = {0};

    (void)state;
    for (unsigned i = 0; i < KEY_FILES_MAX + 2; i++) {
        char name[16];

        snprintf(name, sizeof name, "%u", i);
        write_file(name, "");
    }
    assert_int_equal(key_scan_files(&l, root, 0), OK);
    assert_int_equal(l.count, KEY_FILES_MAX + 1);
    assert_true(l.cut);
    assert_non_null(strstr(l.entries[KEY_FILES_MAX].problem, "more than 4096"));
    key_scan_free(&l);
}

/* Looks, and says how many are due or gone. */
static void look(struct key_table *t, size_t due, size_t gone)
{
    struct key_listing l = {0};
    size_t found[2] = {0, 0};

    assert_int_equal(key_scan_files(&l, root, 0), OK);
    key_scan_sort(&l);
    assert_int_equal(key_table_update(t, &l), OK);
    for (size_t i = 0; i < t->count; i++) {
        found[0] += t->keys[i].due ? 1 : 0;
        found[1] += t->keys[i].gone ? 1 : 0;
        t->keys[i].due = false;
        t->keys[i].sent = true;
        assert_true(i == 0 || strcmp(t->keys[i - 1].path, t->keys[i].path) < 0);
    }
    assert_int_equal(found[0], due);
    assert_int_equal(found[1], gone);
    key_table_sweep(t);
}

static void test_changes(void **state)
{
    struct key_table t = {0};
    char other[512];

    (void)state;
    look(&t, 0, 0);
    write_file("b", "1");
    write_file("d", "1");
    look(&t, 2, 0);
    look(&t, 0, 0);
    write_file("b", "12");
    look(&t, 1, 0);
    write_file("b.pub", "");
    look(&t, 1, 0);
    write_file("b-cert.pub", "");
    look(&t, 1, 0);
    assert_int_equal(symlink("nothing", in_root("b.ssh-add-option")), 0);
    look(&t, 1, 0);
    write_file("c.pub", "");
    look(&t, 0, 0);
    assert_int_equal(chmod(in_root("d"), 0640), 0);
    look(&t, 1, 0);
    write_file("a", "");
    write_file("c", "");
    unlink(in_root("b"));
    look(&t, 2, 1);
    look(&t, 0, 0);
    assert_int_equal(t.count, 3);
    snprintf(other, sizeof other, "%s", in_root("e"));
    assert_int_equal(rename(in_root("d"), other), 0);
    look(&t, 1, 1);
    key_table_renew(&t, 1);
    assert_false(t.keys[0].due);
    key_table_renew(&t, 0);
    assert_true(t.keys[0].due && t.keys[1].due && t.keys[2].due);
    assert_int_equal(empty_root(NULL), 0);
    look(&t, 3, 3);
    assert_int_equal(t.count, 0);
    free(t.keys);
}

/* What cannot be read is not gone, and is said once. */
static void test_cut(void **state)
{
    struct key_table t = {0};
    struct key_listing l = {.cut = true};

    (void)state;
    write_file("a", "");
    look(&t, 1, 0);
    assert_int_equal(key_scan_problem(&l, 0, root, "why"), OK);
    assert_int_equal(key_scan_problem(&l, 0, root, "why"), OK);
    assert_int_equal(key_table_update(&t, &l), OK);
    assert_int_equal(t.count, 2);
    assert_true(t.keys[0].due);
    assert_false(t.keys[1].due || t.keys[1].gone);
    look(&t, 1, 1);
    unlink(in_root("a"));
    look(&t, 0, 1);
    free(t.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_teardown(test_files, empty_root),
        cmocka_unit_test_teardown(test_missing_and_no_directory, empty_root),
        cmocka_unit_test_teardown(test_agents, empty_root),
        cmocka_unit_test_teardown(test_too_many, empty_root),
        cmocka_unit_test_teardown(test_changes, empty_root),
        cmocka_unit_test_teardown(test_cut, empty_root),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
