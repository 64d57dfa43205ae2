/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/options.c: ssh-agent(1)'s command line. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "options.h"

#define ARGS_MAX 12

/* What options_parse() was given last, and what it wrote to standard error. */
static char *arguments[ARGS_MAX + 2];
static char text[4096];

static enum err parse(const char *const args[], struct options *ret)
{
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    FILE *file = tmpfile();
    int argc = 1;
    enum err err;
    size_t n;

    assert_non_null(file);
    arguments[0] = (char *)"ssh-agent";
    while (args[argc - 1] != NULL) {
        assert_true(argc <= ARGS_MAX);
        arguments[argc] = (char *)args[argc - 1];
        argc++;
    }
    arguments[argc] = NULL;
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    optind = 0;
    err = options_parse(argc, arguments, ret);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return err;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct options good(const char *const args[])
{
    struct options options;

    memset(&options, 0x55, sizeof options);
    assert_int_equal(parse(args, &options), OK);
    assert_string_equal(text, "");
    return options;
}

static int use_sh(void **state)
{
    (void)state;
    return setenv("SHELL", "/bin/sh", 1);
}

static void test_nothing(void **state)
{
    struct options options = good(ARGS(NULL));

    (void)state;
    assert_int_equal(options.mode, RUN_BACKGROUND);
    assert_int_equal(options.shell, SHELL_SH);
    assert_int_equal(options.fingerprint_hash, HASH_SHA256);
    assert_null(options.socket);
    assert_null(options.qrexec_socket);
    assert_string_equal(options.name, "");
    assert_int_equal(options.life, 0);
    assert_false(options.debug);
    assert_null(options.command);
}

static void test_everything(void **state)
{
    struct options options =
        good(ARGS("-D", "-a", "/run/a", "-q", "/run/q", "-n", "work", "-t", "1h", "-E", "md5"));

    (void)state;
    assert_int_equal(options.mode, RUN_FOREGROUND);
    assert_string_equal(options.socket, "/run/a");
    assert_string_equal(options.qrexec_socket, "/run/q");
    assert_string_equal(options.name, "work");
    assert_int_equal(options.life, 3600);
    assert_int_equal(options.fingerprint_hash, HASH_MD5);
    assert_false(options.debug);
    assert_null(options.command);
}

static void test_shells(void **state)
{
    (void)state;
    assert_int_equal(good(ARGS("-c")).shell, SHELL_CSH);
    assert_int_equal(good(ARGS("-s")).shell, SHELL_SH);
    assert_int_equal(good(ARGS("-c", "-s")).shell, SHELL_SH);
    setenv("SHELL", "/bin/tcsh", 1);
    assert_int_equal(good(ARGS(NULL)).shell, SHELL_CSH);
    assert_int_equal(good(ARGS("-s")).shell, SHELL_SH);
    setenv("SHELL", "csh", 1);
    assert_int_equal(good(ARGS(NULL)).shell, SHELL_CSH);
    setenv("SHELL", "sh", 1);
    assert_int_equal(good(ARGS(NULL)).shell, SHELL_SH);
    setenv("SHELL", "", 1);
    assert_int_equal(good(ARGS(NULL)).shell, SHELL_SH);
    unsetenv("SHELL");
    assert_int_equal(good(ARGS(NULL)).shell, SHELL_SH);
}

static void test_modes(void **state)
{
    (void)state;
    assert_int_equal(good(ARGS("-D")).mode, RUN_FOREGROUND);
    assert_false(good(ARGS("-D")).debug);
    assert_int_equal(good(ARGS("-d")).mode, RUN_FOREGROUND);
    assert_true(good(ARGS("-d")).debug);
    assert_int_equal(good(ARGS("-k")).mode, RUN_KILL);
    assert_int_equal(good(ARGS("-ck")).mode, RUN_KILL);
    assert_int_equal(good(ARGS("-ck")).shell, SHELL_CSH);
    assert_int_equal(good(ARGS("-V")).mode, RUN_VERSION);
}

static void test_hashes(void **state)
{
    (void)state;
    assert_int_equal(good(ARGS("-E", "sha256")).fingerprint_hash, HASH_SHA256);
    assert_int_equal(good(ARGS("-Emd5")).fingerprint_hash, HASH_MD5);
}

/* -P and -O mean that no provider is loaded, which is always so. */
static void test_providers(void **state)
{
    (void)state;
    assert_int_equal(good(ARGS("-P", "/usr/lib/*")).mode, RUN_BACKGROUND);
    assert_int_equal(good(ARGS("-O", "no-restrict-websafe")).mode, RUN_BACKGROUND);
    assert_int_equal(good(ARGS("-P*", "-D")).mode, RUN_FOREGROUND);
}

/* From the first word that is no option on, everything is the command's. */
static void test_commands(void **state)
{
    struct options options = good(ARGS("-t", "10", "sh", "-D", "-c", "exit 3"));

    (void)state;
    assert_int_equal(options.mode, RUN_COMMAND);
    assert_int_equal(options.life, 10);
    assert_int_equal(options.shell, SHELL_SH);
    assert_ptr_equal(options.command, &arguments[3]);
    assert_string_equal(options.command[0], "sh");
    assert_string_equal(options.command[1], "-D");
    assert_string_equal(options.command[3], "exit 3");
    assert_null(options.command[4]);

    options = good(ARGS("--", "-x", "y"));
    assert_int_equal(options.mode, RUN_COMMAND);
    assert_string_equal(options.command[0], "-x");
    assert_string_equal(options.command[1], "y");
    assert_null(options.command[2]);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *args[5];
        const char *says;
    } bad[] = {
        {{"-x"}, "usage: "},
        {{"-a"}, "usage: "},
        {{"-t"}, "usage: "},
        {{"-E"}, "usage: "},
        {{"-n"}, "usage: "},
        {{"-q"}, "usage: "},
        {{"-P"}, "usage: "},
        {{"-O"}, "usage: "},
        {{"--help"}, "usage: "},
        {{"-D", "ls"}, "usage: "},
        {{"-d", "ls"}, "usage: "},
        {{"-k", "ls"}, "usage: "},
        {{"-V", "ls"}, "usage: "},
        {{"-E", "sha1"}, "-E: the hash is md5 or sha256, not: sha1"},
        {{"-E", ""}, "-E: "},
        {{"-E", "MD5"}, "-E: "},
        {{"-t", "soon"}, "-t: invalid life: soon"},
        {{"-t", "-1"}, "-t: invalid life: -1"},
        {{"-t", ""}, "-t: invalid life: "},
        {{"-n", "../x"}, "-n: not the name of an agent: ../x"},
        {{"-n", ""}, "-n: not the name of an agent: "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct options options = {.socket = "before"};

        assert_int_equal(parse(bad[i].args, &options), ERR_MALFORMED);
        assert_non_null(strstr(text, bad[i].says));
        assert_string_equal(options.socket, "before");
    }
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        uint32_t seconds;
    } good_times[] = {
        {"1", 1},
        {"600", 600},
        {"007", 7},
        {"1s", 1},
        {"1S", 1},
        {"2m", 120},
        {"2M", 120},
        {"3h", 10800},
        {"3H", 10800},
        {"4d", 345600},
        {"4D", 345600},
        {"5w", 3024000},
        {"5W", 3024000},
        {"1h30m", 5400},
        {"1w2d3h4m5s", 788645},
        {"1m1m", 120},
        {"1h30", 3630},
        {"0s1", 1},
        {"0", 0},
        {"0h", 0},
        {"4294967295", UINT32_MAX},
        {"4294967294s1", UINT32_MAX},
        {"7101w", 4294684800U},
    };
    static const char *const bad_times[] = {
        "",     "s",          "h1",           " 1",       "1 ",
        "1 s",  "-1",         "+1",           "1.5h",     "0x10",
        "1y",   "1mm",        "1ms",          "1h-30m",   "one",
        "\xb9", "4294967296", "4294967295s1", "7102w",    "99999999999999999999999",
        "1h ",  "1\n",        "71582789m",    "1000000w", "18446744073709551617",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good_times); i++) {
        uint32_t seconds = 0;

        assert_int_equal(time_parse(good_times[i].text, &seconds), OK);
        assert_int_equal(seconds, good_times[i].seconds);
    }
    for (size_t i = 0; i < COUNT(bad_times); i++) {
        uint32_t seconds = 77;

        assert_int_equal(time_parse(bad_times[i], &seconds), ERR_MALFORMED);
        assert_int_equal(seconds, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing, use_sh),
        cmocka_unit_test_setup(test_everything, use_sh),
        cmocka_unit_test_setup(test_shells, use_sh),
        cmocka_unit_test_setup(test_modes, use_sh),
        cmocka_unit_test_setup(test_hashes, use_sh),
        cmocka_unit_test_setup(test_providers, use_sh),
        cmocka_unit_test_setup(test_commands, use_sh),
        cmocka_unit_test_setup(test_refusals, use_sh),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
