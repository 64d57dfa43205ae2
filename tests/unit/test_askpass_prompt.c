/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass_prompt.h"

#include <stdio.h>

#include "unit.h"

static void assert_path(const char *text, const char *path, bool again)
{
    struct askpass_prompt prompt;

    assert_true(askpass_prompt_parse(text, &prompt));
    assert_string_equal(prompt.path, path);
    assert_int_equal(prompt.again, again);
}

/* As the programs of OpenSSH 9.2 print them, and newer ones. */
static void prompts_of_openssh(void **state)
{
    (void)state;
    assert_path("Enter passphrase for key '/home/user/.ssh/id_rsa': ", "/home/user/.ssh/id_rsa",
                false);
    assert_path("Enter passphrase for /home/user/.ssh/id_rsa: ", "/home/user/.ssh/id_rsa", false);
    assert_path("Enter passphrase for k (will confirm each use): ", "k", false);
    assert_path("Bad passphrase, try again for k: ", "k", true);
    assert_path("Bad passphrase, try again for k (will confirm each use): ", "k", true);
    assert_path("Enter passphrase for \"my key\": ", "my key", false);
    assert_path("Enter passphrase for a: b: ", "a: b", false);
}

static void everything_else(void **state)
{
    static const char *const others[] = {
        "",
        "Enter passphrase: ",
        "Enter old passphrase: ",
        "Enter passphrase (empty for no passphrase): ",
        "Enter passphrase for \"k\" (empty for no passphrase): ",
        "Enter passphrase for k (empty for no passphrase): ",
        "Enter same passphrase again: ",
        "Enter passphrase for : ",
        "Enter passphrase for k",
        "Enter passphrase for k:",
        "enter passphrase for k: ",
        "Enter PIN for ED25519-SK key k: ",
        "(user@host) Enter passphrase for k: ",
        "Allow use of key k?\nKey fingerprint SHA256:x.",
        "Bad passphrase, try again for : ",
    };
    struct askpass_prompt prompt;

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        if (askpass_prompt_parse(others[i], &prompt)) {
            fail_msg("taken for a path: %s", others[i]);
        }
    }
}

/* ssh shows 100 bytes at most, so a path of that length may be another file's beginning. */
static void long_paths(void **state)
{
    struct askpass_prompt prompt;
    char path[PATH_MAX + 2];
    char text[PATH_MAX + 64];

    (void)state;
    memset(path, 'x', sizeof path);
    path[99] = '\0';
    snprintf(text, sizeof text, "Enter passphrase for key '%s': ", path);
    assert_path(text, path, false);
    path[99] = 'x';
    path[100] = '\0';
    snprintf(text, sizeof text, "Enter passphrase for key '%s': ", path);
    assert_false(askpass_prompt_parse(text, &prompt));
    path[100] = 'x';
    path[PATH_MAX - 1] = '\0';
    snprintf(text, sizeof text, "Enter passphrase for %s: ", path);
    assert_path(text, path, false);
    path[PATH_MAX - 1] = 'x';
    path[PATH_MAX] = '\0';
    snprintf(text, sizeof text, "Enter passphrase for %s: ", path);
    assert_false(askpass_prompt_parse(text, &prompt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_of_openssh),
        cmocka_unit_test(everything_else),
        cmocka_unit_test(long_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
