/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/control/check_steps.c and check_render.c: steps in order, and the two ways to show them. */
#include "unit.h"

#include <stdio.h>

#include "check.h"
#include "check_render.h"
#include "check_run.h"
#include "check_vault.h"

static struct check_report *report; /* on the heap, so that ASan knows its end */

static int start(void **state)
{
    (void)state;
    report = calloc(1, sizeof *report);
    return report != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    free(report);
    return 0;
}

static void fine(struct check *check)
{
    check_ok(check, "all is %s", "well");
}

static void broken(struct check *check)
{
    check_note(check, "a note first");
    check_wrong(check, "it is broken");
    check_mend(check, CHECK_HERE, "glue --the %s", "pieces");
}

static void noted(struct check *check)
{
    check_note(check, "worth knowing");
    check_mend(check, CHECK_TEMPLATE, "sudo install it");
}

static void never(struct check *check)
{
    (void)check;
    fail();
}

static const struct check_step steps[] = {
    {"first", {NULL}, fine},      {"second", {"first"}, broken},
    {"third", {"second"}, never}, {"fourth", {"first", "third"}, never},
    {"fifth", {"first"}, noted},  {"sixth", {"fifth"}, fine}, /* a note does not stop the others */
    {NULL, {NULL}, NULL},
};

static void assert_finding(unsigned i, const char *step, enum check_verdict verdict,
                           const char *what)
{
    assert_string_equal(report->findings[i].side, "vault");
    assert_string_equal(report->findings[i].step, step);
    assert_int_equal(report->findings[i].verdict, verdict);
    assert_string_equal(report->findings[i].what, what);
}

static void what_needs_a_broken_step_is_skipped(void **state)
{
    (void)state;
    check_run_steps(report, "vault", steps);
    assert_int_equal(report->count, 7);
    assert_finding(0, "first", CHECK_OK, "all is well");
    assert_finding(1, "second", CHECK_NOTE, "a note first");
    assert_finding(2, "second", CHECK_WRONG, "it is broken");
    assert_finding(3, "third", CHECK_SKIPPED, "not looked at: mend second first");
    assert_finding(4, "fourth", CHECK_SKIPPED, "not looked at: mend second first");
    assert_finding(5, "fifth", CHECK_NOTE, "worth knowing");
    assert_finding(6, "sixth", CHECK_OK, "all is well");
    assert_string_equal(report->findings[1].mend, "");
    assert_string_equal(report->findings[2].mend, "glue --the pieces");
    assert_int_equal(check_count(report, CHECK_OK), 2);
    assert_int_equal(check_count(report, CHECK_WRONG), 1);
}

static void the_other_side_does_not_count(void **state)
{
    (void)state;
    check_run_steps(report, "client", steps);
    check_run_steps(report, "vault",
                    (const struct check_step[]){{"a", {"second"}, fine}, {NULL, {NULL}, NULL}});
    assert_int_equal(report->count, 8);
    assert_finding(7, "a", CHECK_OK, "all is well");
}

static void too_long(struct check *check)
{
    static char text[CHECK_TEXT_MAX + 64];

    memset(text, 'x', sizeof text - 1);
    text[3] = '\033';
    check_wrong(check, "%s", text);
    check_mend(check, CHECK_HERE, "echo %s", text);
}

static void long_text_is_cut_and_a_long_command_is_none(void **state)
{
    (void)state;
    check_run_steps(report, "vault",
                    (const struct check_step[]){{"a", {NULL}, too_long}, {NULL, {NULL}, NULL}});
    assert_int_equal(report->count, 1);
    assert_int_equal(strlen(report->findings[0].what), CHECK_TEXT_MAX - 1);
    assert_memory_equal(report->findings[0].what, "xxx?xx", 6);
    assert_string_equal(report->findings[0].mend, "");
}

static void talks(struct check *check)
{
    for (unsigned i = 0; i < CHECK_STEP_MAX + 5; i++) {
        check_wrong(check, "%u", i);
        check_mend(check, CHECK_HERE, "mend %u", i);
    }
}

static void past_the_cap_of_a_step_nothing_is_written(void **state)
{
    const struct check_finding *last;

    (void)state;
    check_run_steps(report, "vault",
                    (const struct check_step[]){
                        {"a", {NULL}, talks}, {"b", {NULL}, broken}, {NULL, {NULL}, NULL}});
    assert_int_equal(report->count, CHECK_STEP_MAX + 2); /* a note first */
    last = &report->findings[CHECK_STEP_MAX - 1];
    assert_string_equal(last->what, "11");
    assert_string_equal(last->mend, "mend 11");
    assert_string_equal(last[1].step, "b");
}

static void past_the_cap_of_all_nothing_is_written(void **state)
{
    struct check_step talking[CHECK_FINDINGS_MAX / CHECK_STEP_MAX + 2] = {{.name = NULL}};

    (void)state;
    for (unsigned i = 0; i + 1 < sizeof talking / sizeof talking[0]; i++) {
        talking[i] = (struct check_step){"a", {NULL}, talks};
    }
    check_run_steps(report, "vault", talking);
    assert_int_equal(report->count, CHECK_FINDINGS_MAX);
    assert_string_equal(report->findings[CHECK_FINDINGS_MAX - 1].mend, "mend 11");
}

static void assert_rendered(void (*render)(const struct check_report *, FILE *), const char *wanted)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);

    assert_non_null(stream);
    render(report, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static void for_people(void **state)
{
    (void)state;
    check_run_steps(report, "vault", steps);
    assert_rendered(check_render_text, "vault:\n"
                                       "ok       first: all is well\n"
                                       "note     second: a note first\n"
                                       "wrong    second: it is broken\n"
                                       "         mend: glue --the pieces\n"
                                       "skipped  third: not looked at: mend second first\n"
                                       "skipped  fourth: not looked at: mend second first\n"
                                       "note     fifth: worth knowing\n"
                                       "         mend, in the template: sudo install it\n"
                                       "ok       sixth: all is well\n"
                                       "\n"
                                       "2 ok, 2 notes, 1 wrong, 2 skipped, so mend what is wrong, "
                                       "from the top\n");
}

static void stopped(struct check *check)
{
    check_wrong(check, "it was stopped");
    check_mend(check, CHECK_HERE, "sudo true; " VAULT_RESTART);
}

static const struct check_step stopped_steps[] = {{"a", {NULL}, stopped}, {NULL, {NULL}, NULL}};

/* Whoever pastes it has to know beforehand. */
static void a_restart_says_that_keys_go(void **state)
{
    (void)state;
    check_run_steps(report, "vault", stopped_steps);
    assert_rendered(check_render_text,
                    "vault:\n"
                    "wrong    a: it was stopped\n"
                    "         mend: sudo true; " VAULT_RESTART "\n"
                    "         (this ends the agent: keys that are in no file have to be added "
                    "again)\n"
                    "\n"
                    "1 wrong, so mend what is wrong, from the top\n");
}

static void awkward(struct check *check)
{
    check_wrong(check, "a \"quoted\" \\ word");
    check_mend(check, CHECK_DOM0, "printf '\\n\t\"%s\"'", "\x01\x7f\xc3\xa9");
}

static const struct check_step awkward_steps[] = {{"a", {NULL}, awkward}, {NULL, {NULL}, NULL}};

static void for_programs(void **state)
{
    (void)state;
    assert_rendered(check_render_json, "{\"steps\":[],\"summary\":{\"ok\":0,\"note\":0,\"wrong\":0,"
                                       "\"skipped\":0}}\n");
    check_run_steps(report, "vault", awkward_steps);
    assert_rendered(check_render_json,
                    "{\"steps\":[{\"side\":\"vault\",\"step\":\"a\",\"verdict\":\"wrong\","
                    "\"what\":\"a \\\"quoted\\\" \\\\ word\","
                    "\"mend\":\"printf '\\\\n\\u0009\\\"\\u0001\\u007f\\u00c3\\u00a9\\\"'\","
                    "\"where\":\"dom0\"}],"
                    "\"summary\":{\"ok\":0,\"note\":0,\"wrong\":1,\"skipped\":0}}\n");
}

/* Another program's reader gets out what went in. */
static void python_reads_it(void **state)
{
    static const char script[] =
        "import json, sys\n"
        "steps = json.loads(sys.argv[1])['steps']\n"
        "assert len(steps) == 8\n"
        "assert [s['mend'] for s in steps[:3]] == [None, None, 'glue --the pieces']\n"
        "assert steps[0]['where'] is None and steps[2]['where'] == 'here'\n"
        "assert steps[7]['what'] == 'a \"quoted\" \\\\ word'\n"
        "assert [ord(c) for c in steps[7]['mend'][8:15]] == [92, 110, 9, 34, 1, 127, 0xc3]\n";
    static struct run run;
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);

    (void)state;
    assert_non_null(stream);
    check_run_steps(report, "vault", steps);
    check_run_steps(report, "client", awkward_steps);
    check_render_json(report, stream);
    assert_int_equal(fclose(stream), 0);
    run_simple((const char *const[]){"python3", "-c", script, text, NULL}, &run);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_needs_a_broken_step_is_skipped, start, stop),
        cmocka_unit_test_setup_teardown(the_other_side_does_not_count, start, stop),
        cmocka_unit_test_setup_teardown(long_text_is_cut_and_a_long_command_is_none, start, stop),
        cmocka_unit_test_setup_teardown(past_the_cap_of_a_step_nothing_is_written, start, stop),
        cmocka_unit_test_setup_teardown(past_the_cap_of_all_nothing_is_written, start, stop),
        cmocka_unit_test_setup_teardown(for_people, start, stop),
        cmocka_unit_test_setup_teardown(a_restart_says_that_keys_go, start, stop),
        cmocka_unit_test_setup_teardown(for_programs, start, stop),
        cmocka_unit_test_setup_teardown(python_reads_it, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
