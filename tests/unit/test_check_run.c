/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/control/check_run.c: programs with a time-out and captured output. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "check_run.h"

#define LONG_MS 60000U /* nothing here takes that long */

static struct run run;

static bool shell(const char *script, const char *input, unsigned timeout_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return run_program(argv, text_view(input), timeout_ms, &run);
}

static void output_and_status(void **state)
{
    (void)state;
    assert_true(shell("echo out; echo err >&2", "", LONG_MS));
    assert_true(run.started);
    assert_false(run.timed_out);
    assert_string_equal(run.out, "out\n");
    assert_int_equal(run.out_len, 4);
    assert_string_equal(run.err, "err\n");
    assert_false(shell("exit 126", "", LONG_MS));
    assert_int_equal(run.status, 126);
    assert_string_equal(run.out, "");
    assert_false(shell("kill -KILL $$", "", LONG_MS));
    assert_int_equal(run.status, -1);
    assert_true(run.started);
    assert_false(run.timed_out);
}

static void no_such_program(void **state)
{
    static const char *const argv[] = {"/nonexistent/program", NULL};

    (void)state;
    assert_false(run_simple(argv, &run));
    assert_false(run.started);
    assert_int_equal(run.status, -1);
    assert_string_equal(run.out, "");
}

static void no_shell_in_between(void **state)
{
    static const char *const argv[] = {"printf", "%s", "$HOME; `id` *", NULL};

    (void)state;
    assert_true(run_simple(argv, &run));
    assert_string_equal(run.out, "$HOME; `id` *");
}

static void input_stays_open(void **state)
{
    (void)state;
    assert_true(shell("cat", "", LONG_MS)); /* /dev/null */
    assert_string_equal(run.out, "");
    assert_true(shell("head -c 5", "hello", LONG_MS));
    assert_string_equal(run.out, "hello");
    assert_false(shell("cat", "hello", 300)); /* there is no end */
    assert_true(run.timed_out);
    assert_string_equal(run.out, "hello");
}

static void too_much_output(void **state)
{
    (void)state;
    assert_true(shell("head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2", "", LONG_MS));
    assert_int_equal(run.out_len, RUN_OUTPUT_MAX);
    assert_int_equal(strlen(run.out), RUN_OUTPUT_MAX);
    assert_string_equal(run.err, "end\n");
}

/* Neither the program nor what it started goes on. */
static void time_out(void **state)
{
    pid_t pids[2];
    char *end;

    (void)state;
    assert_false(shell("sleep 1000 & echo $$ $!; wait", "", 500));
    assert_true(run.timed_out);
    assert_int_equal(run.status, -1);
    pids[0] = (pid_t)strtol(run.out, &end, 10);
    pids[1] = (pid_t)strtol(end, NULL, 10);
    assert_true(pids[0] > 1 && pids[1] > 1);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned tries = 0; kill(pids[i], 0) == 0 && tries < 600; tries++) {
            char path[64];
            char line[256] = "";
            FILE *status;

            /* Killed and not yet waited for by its new parent, it is there as a zombie. */
            snprintf(path, sizeof path, "/proc/%d/stat", pids[i]);
            status = fopen(path, "re");
            if (status != NULL) {
                (void)!fgets(line, sizeof line, status);
                fclose(status);
            }
            if (strstr(line, ") Z ") != NULL) {
                break;
            }
            assert_true(tries < 599);
            usleep(100000);
        }
    }
}

/* A daemon that a program leaves behind may hold its output: that is not waited for. */
static void output_that_stays_open(void **state)
{
    pid_t pid;

    (void)state;
    assert_true(shell("setsid sleep 1000 & echo $!", "", LONG_MS));
    pid = (pid_t)strtol(run.out, NULL, 10);
    assert_true(pid > 1);
    kill(pid, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_status),      cmocka_unit_test(no_such_program),
        cmocka_unit_test(no_shell_in_between),    cmocka_unit_test(input_stays_open),
        cmocka_unit_test(too_much_output),        cmocka_unit_test(time_out),
        cmocka_unit_test(output_that_stays_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
