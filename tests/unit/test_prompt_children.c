/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/prompt/questions.c, bubbles.c and child_run.c, with a clock that the test turns and scripts
 * as children.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "approvals.h"
#include "bubbles.h"
#include "child_run.h"
#include "prompt_question.h"
#include "questions.h"

#define PATIENCE_MS 30000
#define NOW         UINT64_C(1000000)

static char directory[] = "/tmp/prompt_children.XXXXXX";
static char program[64];
static char output[64];
static uint8_t room[65536];

/* The children are this script from now on; out is where they may write to. */
static void script(const char *body)
{
    FILE *file;

    unlink(output);
    unlink(program); /* a child may still be at the old one */
    file = fopen(program, "we");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\nout=%s\n%s\n", output, body);
    fclose(file);
    assert_int_equal(chmod(program, 0700), 0);
}

static void sleep_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = 2000000};

    nanosleep(&moment, NULL);
}

static bool output_has(const char *text)
{
    static char bytes[65536];
    int fd = open(output, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes - 1);

    if (fd >= 0) {
        close(fd);
    }
    return n > 0 && memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
}

static void wait_for_output(const char *text)
{
    for (int i = 0; !output_has(text); i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
    }
}

static int start(void **state)
{
    uint8_t key[APPROVAL_KEY_SIZE] = {1, 2, 3};
    int ends[2];

    (void)state;
    if (mkdtemp(directory) == NULL || sodium_init() < 0 || pipe(ends) != 0 ||
        write(ends[1], key, sizeof key) != (ssize_t)sizeof key) {
        return -1;
    }
    close(ends[1]);
    snprintf(program, sizeof program, "%s/program", directory);
    snprintf(output, sizeof output, "%s/output", directory);
    return approvals_take_key(ends[0]) == OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    unlink(program);
    unlink(output);
    return rmdir(directory);
}

static struct view ask(struct wire_writer *w, uint32_t serial, uint32_t seconds)
{
    const struct question q = {
        .serial = serial,
        .qube = text_view("dev"),
        .comment = text_view("work"),
        .key_blob = LITERAL_VIEW(KEY_A),
        .proof = PROOF_NAME,
        .host_key = LITERAL_VIEW(KEY_B),
        .host_names = text_view("github.com"),
        .seconds = seconds,
        .data = LITERAL_VIEW("data"),
    };

    *w = wire_writer(room, sizeof room);
    return ask_body(w, &q);
}

static void must_ask(struct questions *qs, uint32_t serial, uint32_t seconds, uint64_t now)
{
    struct wire_writer w;
    struct answer answer;
    bool at_once;

    assert_int_equal(questions_ask(qs, ask(&w, serial, seconds), now, &answer, &at_once), OK);
    assert_false(at_once);
}

static struct answer next_answer(struct questions *qs, uint64_t now)
{
    struct answer answer;

    for (int i = 0; !questions_next_answer(qs, now, &answer); i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
    }
    return answer;
}

static void test_input(void **state)
{
    struct questions qs = {.program = program};

    (void)state;
    script("cat >$out.new; echo \"$*\" >>$out.new; ls /proc/self/fd >>$out.new;"
           "mv $out.new $out; exit 20");
    must_ask(&qs, 3, 600, NOW);
    assert_int_equal(next_answer(&qs, NOW).verdict, PROMPT_ALLOW_ONCE);
    assert_true(output_has("SSH key \"work\": allow dev?"));
    assert_true(output_has("sign unidentified data (4 bytes)"));
    assert_true(output_has("Allow for 10 minutes"));
    /* ls has one more, for the directory. */
    assert_true(output_has("ask\n0\n1\n2\n3\n"));
    assert_false(output_has("\n4\n"));
}

static void test_verdicts(void **state)
{
    static const struct {
        int status;
        bool offered;
        enum prompt_verdict verdict;
        const char *by;
    } table[] = {
        {10, false, PROMPT_ALLOW_ONCE, "notification"},
        {11, true, PROMPT_ALLOW_WHILE, "notification"},
        {11, false, PROMPT_FAILED, ""},
        {12, true, PROMPT_DENY, "notification"},
        {13, true, PROMPT_TIMEOUT, "notification"},
        {20, true, PROMPT_ALLOW_ONCE, "askpass"},
        {21, true, PROMPT_FAILED, ""},
        {22, false, PROMPT_DENY, "askpass"},
        {23, false, PROMPT_TIMEOUT, "askpass"},
        {30, false, PROMPT_NO_DISPLAY, ""},
        {0, true, PROMPT_FAILED, ""},
        {1, true, PROMPT_FAILED, ""},
        {127, true, PROMPT_FAILED, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *by;

        assert_int_equal(child_verdict(table[i].status << 8, table[i].offered, &by),
                         table[i].verdict);
        assert_string_equal(by, table[i].by);
    }
    for (int number = 1; number < 32; number++) {
        const char *by;

        assert_int_equal(child_verdict(number, true, &by), PROMPT_FAILED);
    }
}

/* The approval that comes with an answer; the data here has no scope. */
static void test_approvals(void **state)
{
    struct questions qs = {.program = program};
    struct approval approval = {0};
    struct answer answer;

    (void)state;
    script("exit 11");
    must_ask(&qs, 1, 600, NOW);
    answer = next_answer(&qs, NOW + 5);
    assert_int_equal(answer.verdict, PROMPT_ALLOW_WHILE);
    assert_int_equal(approval_parse((struct view){answer.approval, answer.approval_len}, &approval),
                     OK);
    assert_int_equal(approval.kind, APPROVAL_ONCE);
    assert_int_equal(approval.expiry, NOW + 5 + 15000);
    must_ask(&qs, 1, 0, NOW);
    answer = next_answer(&qs, NOW);
    assert_int_equal(answer.verdict, PROMPT_FAILED); /* it was not offered */
    assert_int_equal(answer.approval_len, 0);
    script("exit 22");
    must_ask(&qs, 1, 600, NOW);
    answer = next_answer(&qs, NOW);
    assert_int_equal(answer.verdict, PROMPT_DENY);
    assert_int_equal(answer.approval_len, 0);
}

static void test_scope(void **state)
{
    uint8_t bytes[1024];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct approval_subject subject = {.key_blob = LITERAL_VIEW(KEY_A), .qube = text_view("dev")};
    uint8_t made[APPROVAL_SIZE];
    struct approval approval = {0};
    static const struct {
        uint32_t seconds;
        bool hostbound;
        uint8_t kind;
        uint64_t expiry;
    } table[] = {
        {600, true, APPROVAL_WHILE, NOW + 600000},
        {600, false, APPROVAL_ONCE, NOW + 15000},
        {0, true, APPROVAL_ONCE, NOW + 15000},
        {86400, true, APPROVAL_WHILE, NOW + 86400000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        w = wire_writer(bytes, sizeof bytes);
        subject.data = login_data(&w, text_view("git"),
                                  table[i].hostbound ? LITERAL_VIEW(KEY_B) : text_view(""));
        assert_int_equal(approvals_make(&subject, table[i].seconds, NOW, made), OK);
        assert_int_equal(approval_parse((struct view){made, sizeof made}, &approval), OK);
        assert_int_equal(approval.kind, table[i].kind);
        assert_int_equal(approval.expiry, table[i].expiry);
    }
}

/* The first line of a file; "" if there is none. */
static void read_line(const char *path, char *ret, int cap)
{
    FILE *file = fopen(path, "re");

    ret[0] = '\0';
    if (file != NULL && fgets(ret, cap, file) == NULL) {
        ret[0] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* The process whose pid is in the output. */
static bool in_output_is_alive(void)
{
    char line[256];
    char path[64];
    const char *name_end;

    read_line(output, line, sizeof line);
    assert_true(strtol(line, NULL, 10) > 1);
    snprintf(path, sizeof path, "/proc/%ld/stat", strtol(line, NULL, 10));
    read_line(path, line, sizeof line);
    name_end = strrchr(line, ')');
    return name_end != NULL && name_end[2] != 'Z';
}

static void wait_until_gone(void)
{
    for (int i = 0; in_output_is_alive(); i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
    }
}

/* A child that hangs, with a program of its own that does: both are ended, and that is a no. */
static void test_hanging_question(void **state)
{
    struct questions qs = {.program = program};
    struct answer answer;

    (void)state;
    script(
        "trap '' TERM; sleep 1000 & echo $! >$out.new; mv $out.new $out; wait; wait; sleep 1000");
    must_ask(&qs, 1, 0, NOW);
    wait_for_output("\n");
    assert_int_equal(questions_deadline(&qs), NOW + 35000);
    questions_expire(&qs, NOW + 34999);
    sleep_a_moment();
    assert_false(questions_next_answer(&qs, NOW + 34999, &answer));
    assert_true(in_output_is_alive());
    questions_expire(&qs, NOW + 35000);
    assert_int_equal(next_answer(&qs, NOW + 35000).verdict, PROMPT_FAILED);
    wait_until_gone();
    assert_int_equal(questions_deadline(&qs), UINT64_MAX);
}

static void test_withdrawn(void **state)
{
    struct questions qs = {.program = program};
    struct answer answer;

    (void)state;
    script("trap 'echo withdrawn >$out; exit 20' TERM; echo up >$out;"
           "while :; do sleep 0.02; done");
    must_ask(&qs, 1, 0, NOW);
    wait_for_output("up");
    questions_cancel(&qs, 2, NOW);
    questions_cancel(&qs, 1, NOW);
    wait_for_output("withdrawn");
    must_ask(&qs, 1, 0, NOW); /* the serial is free again */
    unlink(output);
    wait_for_output("up");
    assert_false(questions_next_answer(&qs, NOW, &answer));
    questions_end(&qs);
    wait_for_output("withdrawn");
    assert_true(waitpid(-1, NULL, 0) > 0); /* questions_end leaves it to init */
}

/* Ends it if it does not end by itself. */
static int end_status(pid_t pid)
{
    int status = 0;

    for (int i = 0; !child_ended(pid, &status); i++) {
        if (i == PATIENCE_MS / 2) {
            child_kill(pid);
        }
        sleep_a_moment();
    }
    return status;
}

/* As early as a process can be, and by a broker whose own SIGTERM is ignored. */
static void test_withdrawn_at_once(void **state)
{
    void (*before)(int) = signal(SIGTERM, SIG_IGN);
    pid_t pid;

    (void)state;
    script("exec sleep 1000");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(child_run(program, CHILD_ASK, text_view(""), &pid), OK);
        child_withdraw(pid);
        assert_int_equal(WTERMSIG(end_status(pid)), SIGTERM);
    }
    signal(SIGTERM, before);
}

/* Withdrawn ones that do not go take places, and are killed in the end. */
static void test_room(void **state)
{
    struct questions qs = {.program = program};
    struct wire_writer w;
    struct answer answer;
    bool at_once;

    (void)state;
    script("trap '' TERM; sleep 1000; sleep 1000");
    for (uint32_t i = 0; i < PROMPT_OPEN_MAX; i++) {
        must_ask(&qs, i, 0, NOW);
    }
    assert_int_equal(questions_ask(&qs, ask(&w, 99, 0), NOW, &answer, &at_once), ERR_MALFORMED);
    for (uint32_t i = 0; i < PROMPT_OPEN_MAX; i++) {
        questions_cancel(&qs, i, NOW);
        must_ask(&qs, i, 0, NOW);
    }
    assert_false(questions_have_room(&qs));
    assert_int_equal(questions_deadline(&qs), NOW + 2000);
    questions_expire(&qs, NOW + 2000);
    for (int i = 0; !questions_have_room(&qs); i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
        assert_false(questions_next_answer(&qs, NOW, &answer));
    }
    questions_expire(&qs, NOW + 35000);
    for (uint32_t i = 0; i < PROMPT_OPEN_MAX; i++) {
        assert_int_equal(next_answer(&qs, NOW).verdict, PROMPT_FAILED);
    }
    assert_false(questions_next_answer(&qs, NOW, &answer));
}

static void test_not_a_question(void **state)
{
    struct questions qs = {.program = program};
    struct wire_writer w;
    struct view body = ask(&w, 1, 0);
    struct answer answer;
    bool at_once;

    (void)state;
    script("exit 20");
    assert_int_equal(
        questions_ask(&qs, (struct view){body.data, body.len - 1}, NOW, &answer, &at_once),
        ERR_MALFORMED);
    must_ask(&qs, 1, 0, NOW);
    assert_int_equal(questions_ask(&qs, body, NOW, &answer, &at_once), ERR_MALFORMED);
    assert_int_equal(next_answer(&qs, NOW).verdict, PROMPT_ALLOW_ONCE);
    unlink(program);
    must_ask(&qs, 1, 0, NOW);
    assert_int_equal(next_answer(&qs, NOW).verdict, PROMPT_FAILED);
}

static void go_on_until(struct bubbles *b, uint64_t now, size_t place)
{
    for (int i = 0; b->places[place].pid != 0; i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
        bubbles_go_on(b, now);
    }
}

static void test_bubbles(void **state)
{
    struct bubbles b = {.program = program, .vault = "keys"};

    (void)state;
    script("cat >>$out; echo \" $*\" >>$out");
    bubbles_tell(&b, LITERAL_VIEW("one\n\xff b"), NOW);
    wait_for_output("[keys] one?? b tell\n");
    for (int i = 0; i < 2000; i++) {
        bubbles_tell(&b, text_view("two"), NOW + 1);
    }
    go_on_until(&b, NOW + 1, 0);
    go_on_until(&b, NOW + 1, 1);
    go_on_until(&b, NOW + 1, 2);
    assert_int_equal(b.missed, 1998);
    assert_false(output_has("more"));
    assert_int_equal(bubbles_deadline(&b), NOW + 3000);
    bubbles_go_on(&b, NOW + 2999);
    assert_int_equal(b.missed, 1998);
    bubbles_go_on(&b, NOW + 3000);
    assert_int_equal(b.missed, 0);
    wait_for_output("[keys] and 1998 more tell\n");
    go_on_until(&b, NOW + 3000, 0);
    assert_int_equal(bubbles_deadline(&b), UINT64_MAX);
}

static void test_hanging_bubble(void **state)
{
    struct bubbles b = {.program = program};

    (void)state;
    script("trap '' TERM; sleep 1000 & echo $! >$out.new; mv $out.new $out; wait; sleep 1000");
    bubbles_tell(&b, text_view("one"), NOW);
    wait_for_output("\n");
    assert_int_equal(bubbles_deadline(&b), NOW + 5000);
    bubbles_go_on(&b, NOW + 4999);
    assert_true(in_output_is_alive());
    go_on_until(&b, NOW + 5000, 0);
    wait_until_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_approvals),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_hanging_question),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_withdrawn_at_once),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_not_a_question),
        cmocka_unit_test(test_bubbles),
        cmocka_unit_test(test_hanging_bubble),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
