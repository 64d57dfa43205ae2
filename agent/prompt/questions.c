/* SPDX-License-Identifier: BSD-2-Clause */
#include "questions.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "approvals.h"
#include "child_run.h"
#include "log.h"
#include "text.h"

struct asked {
    pid_t pid;
    uint64_t deadline; /* UINT64_MAX: it was killed */
    bool withdrawn;
    bool while_offered;
    struct question question; /* views into body */
    uint8_t body[];
};

bool questions_have_room(const struct questions *qs)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        if (qs->asked[i] == NULL) {
            return true;
        }
    }
    return false;
}

static struct asked *find_open(const struct questions *qs, uint32_t serial)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        struct asked *asked = qs->asked[i];

        if (asked != NULL && !asked->withdrawn && asked->question.serial == serial) {
            return asked;
        }
    }
    return NULL;
}

static size_t count_open(const struct questions *qs)
{
    size_t count = 0;

    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        count += qs->asked[i] != NULL && !qs->asked[i]->withdrawn;
    }
    return count;
}

/* A copy of the message: the approval needs all of it when the answer is there. */
static enum err copy_question(struct view body, struct asked **ret)
{
    struct asked *asked = malloc(sizeof *asked + body.len);
    enum err err;

    if (asked == NULL) {
        return ERR_NO_MEMORY;
    }
    *asked = (struct asked){0};
    memcpy(asked->body, body.data, body.len);
    err = question_parse((struct view){asked->body, body.len}, &asked->question);
    if (err != OK) {
        free(asked);
        return err;
    }
    *ret = asked;
    return OK;
}

static enum err run_child(const struct questions *qs, struct asked *asked)
{
    uint8_t input[CHILD_INPUT_MAX];
    struct wire_writer w = wire_writer(input, sizeof input);
    struct question_text text;

    question_text(&asked->question, &text);
    asked->while_offered = text.while_label[0] != '\0';
    put_text(&w, text.title);
    put_text(&w, text.body);
    put_text(&w, text.while_label);
    put_u32(&w, QUESTION_TIMEOUT_MS);
    return w.err == OK ? child_run(qs->program, CHILD_ASK, wire_written(&w), &asked->pid) : w.err;
}

static void keep(struct questions *qs, struct asked *asked)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        if (qs->asked[i] == NULL) {
            qs->asked[i] = asked;
            return;
        }
    }
}

/* Without a key no answer could be of use, so the user is not bothered. */
static bool can_ask(void)
{
    if (!approvals_ready()) {
        log_line("cannot ask: the keystore has sent no key of approvals");
        return false;
    }
    return true;
}

enum err questions_ask(struct questions *qs, struct view body, uint64_t now, struct answer *ret,
                       bool *ret_now)
{
    struct question question;
    struct asked *asked = NULL;
    enum err err = question_parse(body, &question);

    if (err != OK) {
        return err;
    }
    if (find_open(qs, question.serial) != NULL || count_open(qs) >= PROMPT_OPEN_MAX ||
        !questions_have_room(qs)) {
        return ERR_MALFORMED;
    }
    *ret = (struct answer){.serial = question.serial, .verdict = PROMPT_FAILED, .by = ""};
    *ret_now = true;
    if (!can_ask()) {
        return OK;
    }
    err = copy_question(body, &asked);
    if (err == OK) {
        err = run_child(qs, asked);
    }
    if (err != OK) {
        log_line("cannot ask: %s", err == ERR_SYSTEM ? strerror(errno) : err_text(err));
        free(asked);
        return OK;
    }
    asked->deadline = now + QUESTION_TIMEOUT_MS + PROMPT_GRACE_MS;
    keep(qs, asked);
    *ret_now = false;
    return OK;
}

void questions_cancel(struct questions *qs, uint32_t serial, uint64_t now)
{
    struct asked *asked = find_open(qs, serial);

    if (asked == NULL) {
        return;
    }
    asked->withdrawn = true;
    if (asked->deadline != UINT64_MAX) {
        asked->deadline = now + PROMPT_WITHDRAW_MS;
        child_withdraw(asked->pid);
    }
}

static void say_failure(int status)
{
    if (WIFSIGNALED(status)) {
        log_line("a question was ended by signal %d, which is a no", WTERMSIG(status));
    } else {
        log_line("a question failed with exit status %d, which is a no", WEXITSTATUS(status));
    }
}

static void make_answer(const struct asked *asked, int status, uint64_t now, struct answer *ret)
{
    const struct question *q = &asked->question;
    const struct approval_subject subject = {q->key_blob, q->data, q->qube};
    struct answer answer = {.serial = q->serial};

    answer.verdict = child_verdict(status, asked->while_offered, &answer.by);
    if (answer.verdict == PROMPT_FAILED) {
        say_failure(status);
    }
    if (answer.verdict == PROMPT_ALLOW_ONCE || answer.verdict == PROMPT_ALLOW_WHILE) {
        uint32_t seconds = answer.verdict == PROMPT_ALLOW_WHILE ? q->seconds : 0;

        if (approvals_make(&subject, seconds, now, answer.approval) == OK) {
            answer.approval_len = sizeof answer.approval;
        } else {
            answer.verdict = PROMPT_FAILED;
        }
    }
    *ret = answer;
}

bool questions_next_answer(struct questions *qs, uint64_t now, struct answer *ret)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        struct asked *asked = qs->asked[i];
        int status;
        bool withdrawn;

        if (asked == NULL || !child_ended(asked->pid, &status)) {
            continue;
        }
        withdrawn = asked->withdrawn;
        if (!withdrawn) {
            make_answer(asked, status, now, ret);
        }
        qs->asked[i] = NULL;
        free(asked);
        if (!withdrawn) {
            return true;
        }
    }
    return false;
}

void questions_expire(struct questions *qs, uint64_t now)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        struct asked *asked = qs->asked[i];

        if (asked != NULL && asked->deadline <= now) {
            log_line("a question does not %s; ending it",
                     asked->withdrawn ? "close" : "come to its end");
            child_kill(asked->pid);
            asked->deadline = UINT64_MAX;
        }
    }
}

uint64_t questions_deadline(const struct questions *qs)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        if (qs->asked[i] != NULL && qs->asked[i]->deadline < first) {
            first = qs->asked[i]->deadline;
        }
    }
    return first;
}

void questions_end(struct questions *qs)
{
    for (size_t i = 0; i < PROMPT_CHILDREN_MAX; i++) {
        if (qs->asked[i] != NULL) {
            child_withdraw(qs->asked[i]->pid);
            free(qs->asked[i]);
            qs->asked[i] = NULL;
        }
    }
}
