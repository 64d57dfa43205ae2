/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/peer.c: the descriptor that qrexec sends first. */
#include "unit.h"

#include "peer.h"

#define NAME_31 "a234567890123456789012345678901"
#define NAME_32 "a2345678901234567890123456789012"
#define NAME_63 "a2345678901234567890123456789012a234567890123456789012345678901"
#define NAME_64 "a2345678901234567890123456789012a2345678901234567890123456789012"
/* SERVICE+ARG has 63 bytes at most; "qubes.SshAgent+" has 15 of them. */
#define ARGUMENT_48 "b23456789012345678901234567890123456789012345678"

static enum err parse(const char *text, size_t len, struct caller *ret)
{
    struct view input = exact_copy(text, len);
    enum err err = peer_parse((const char *)input.data, input.len, ret);

    view_free(&input);
    return err;
}

static void test_good_descriptors(void **state)
{
    static const struct {
        const char *text, *qube, *argument;
    } good[] = {
        {"qubes.SshAgent+ dev", "dev", ""},
        {"qubes.SshAgent dev", "dev", ""},
        {"qubes.SshAgent+work dev", "dev", "work"},
        {"qubes.SshAgent+a.b_c-d X", "X", "a.b_c-d"},
        {"qubes.SshAgent+0 1-2.3_4", "1-2.3_4", "0"},
        {"qubes.SshAgent+work dom0 name vault", "dom0", "work"},
        {"qubes.SshAgent+work dom0 keyword @adminvm", "dom0", "work"},
        {"qubes.SshAgent+ " NAME_31, NAME_31, ""},
        {"qubes.SshAgent+" ARGUMENT_48 " dev", "dev", ARGUMENT_48},
        {"qubes.SshAgent+" ARGUMENT_48 " " NAME_31 " name " NAME_31, NAME_31, ARGUMENT_48},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct caller caller;

        memset(&caller, 0x55, sizeof caller);
        assert_int_equal(parse(good[i].text, strlen(good[i].text), &caller), OK);
        assert_string_equal(caller.qube, good[i].qube);
        assert_string_equal(caller.argument, good[i].argument);
    }
}

static void test_bad_descriptors(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "qubes.SshAgent",
        "qubes.SshAgent ",
        "qubes.SshAgent+",
        "qubes.SshAgent+ ",
        "qubes.SshAgent+work",
        "qubes.SshAgent+work ",
        "dev",
        "qubes.SshAgen dev",
        "qubes.SshAgent2 dev",
        "qubes.SshAgentwork dev",
        "qubes.SshAgent-work dev",
        "qubes.sshagent dev",
        "qubes.Gpg dev",
        " qubes.SshAgent dev",
        "qubes.SshAgent  dev",
        "qubes.SshAgent\tdev",
        "qubes.SshAgent dev\n",
        "qubes.SshAgent\n dev",
        "qubes.SshAgent+/etc dev",
        "qubes.SshAgent+../x dev",
        "qubes.SshAgent+.x dev",
        "qubes.SshAgent+-x dev",
        "qubes.SshAgent+_x dev",
        "qubes.SshAgent++ dev",
        "qubes.SshAgent+a+b dev",
        "qubes.SshAgent+w\xc3\xa4 dev",
        "qubes.SshAgent+ .dev",
        "qubes.SshAgent+ -dev",
        "qubes.SshAgent+ _dev",
        "qubes.SshAgent+ de/v",
        "qubes.SshAgent+ de:v",
        "qubes.SshAgent+ @default",
        "qubes.SshAgent+ d\x7f",
        "qubes.SshAgent+ d\xff",
        "qubes.SshAgent+ d\x1b[2J",
        "qubes.SshAgent+ dom0 name  vault",
        "qubes.SshAgent+ dom0  name vault",
        "qubes.SshAgent+ dom0 name vault more",
        "qubes.SshAgent+ dom0 name",
        "qubes.SshAgent+ dom0 name vault ",
        "qubes.SshAgent+ dev ",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct caller caller = {.qube = "before", .argument = "too"};

        assert_int_equal(parse(bad[i], strlen(bad[i]), &caller), ERR_MALFORMED);
        assert_string_equal(caller.qube, "before");
        assert_string_equal(caller.argument, "too");
    }
}

static void test_long_names(void **state)
{
    static const char qube[] = "qubes.SshAgent+ " NAME_32;
    static const char argument[] = "qubes.SshAgent+" ARGUMENT_48 "9 dev";
    static const char longer[] = "qubes.SshAgent+" NAME_64 " dev";
    struct caller caller;

    (void)state;
    assert_int_equal(parse(qube, sizeof qube - 1, &caller), ERR_MALFORMED);
    assert_int_equal(parse(argument, sizeof argument - 1, &caller), ERR_MALFORMED);
    assert_int_equal(parse(longer, sizeof longer - 1, &caller), ERR_MALFORMED);
}

static void test_a_nul_inside(void **state)
{
    static const char text[] = "qubes.SshAgent+work dev";

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char bytes[sizeof text];
        struct caller caller;

        memcpy(bytes, text, sizeof text);
        bytes[i] = '\0';
        assert_int_equal(parse(bytes, sizeof text - 1, &caller), ERR_MALFORMED);
    }
}

/* A NUL must not hide what is behind it; the one at the end is not the parser's. */
static void test_a_nul_at_the_end(void **state)
{
    struct caller caller;

    (void)state;
    assert_int_equal(parse("qubes.SshAgent dev", 19, &caller), ERR_MALFORMED);
    assert_int_equal(parse("qubes.SshAgent dev\0x", 20, &caller), ERR_MALFORMED);
}

/* Only the dom0 tokens can make it long: 255 bytes are taken, 256 are not. */
static void test_longest_descriptor(void **state)
{
    static const char start[] = "qubes.SshAgent+work dom0 name ";
    char text[DESCRIPTOR_MAX + 1];
    struct caller caller;

    (void)state;
    memset(text, 'v', sizeof text);
    memcpy(text, start, sizeof start - 1);
    assert_int_equal(parse(text, DESCRIPTOR_MAX, &caller), OK);
    assert_string_equal(caller.qube, "dom0");
    assert_int_equal(parse(text, DESCRIPTOR_MAX + 1, &caller), ERR_MALFORMED);
}

/* Each byte, as the second of a qube's name and of an argument. */
static void test_every_byte_of_a_name(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        char qube[] = "qubes.SshAgent+work dev";
        char argument[] = "qubes.SshAgent+work dev";
        char name[] = "work";
        enum err want = strchr(allowed, (int)byte) != NULL ? OK : ERR_MALFORMED;
        struct caller caller;

        name[1] = (char)byte;
        assert_int_equal(agent_name_is_valid(name), want == OK);
        if (byte == ' ') { /* starts the next token */
            continue;
        }
        argument[16] = (char)byte;
        assert_int_equal(parse(argument, sizeof argument - 1, &caller), want);
        qube[21] = (char)byte;
        assert_int_equal(parse(qube, sizeof qube - 1, &caller), want);
    }
}

static void test_agent_names(void **state)
{
    static const char *const good[] = {"a", "A", "9", "a-", "a.b", "work_2", NAME_63};
    static const char *const bad[] = {"",    ".",   "-a",  "_a",   ".a",   "a b",
                                      "a/b", "a+b", "a\n", "\xff", NAME_64};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(agent_name_is_valid(good[i]));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(agent_name_is_valid(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_descriptors),     cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_long_names),           cmocka_unit_test(test_a_nul_inside),
        cmocka_unit_test(test_a_nul_at_the_end),     cmocka_unit_test(test_longest_descriptor),
        cmocka_unit_test(test_every_byte_of_a_name), cmocka_unit_test(test_agent_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
