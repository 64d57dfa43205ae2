/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of the agent's question.c, in an agent that somebody else has taken over: it asks
 * the user once, refuses what was asked for, and brings the approval with every later request.
 * What it brings is, with ROGUE=
 *   keep      the approval as it came
 *   stretch   at first with a millisecond more, then as one for a while, then as it came
 */
#include "question.h"

#include <stdlib.h>

#include "sign.h"

static struct use *asking;
static uint32_t serial;
static uint8_t kept[APPROVAL_SIZE];
static bool has_kept;
static unsigned brought; /* so often */

static void change(struct approval *approval)
{
    const char *mode = getenv("ROGUE");

    if (mode == NULL || strcmp(mode, "stretch") != 0) {
        return;
    }
    approval->expiry += brought == 0 ? 1 : 0;
    approval->kind = brought == 1 ? APPROVAL_WHILE : approval->kind;
}

static void bring(struct use *use)
{
    uint8_t bytes[APPROVAL_SIZE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    const struct prompt_answer yes = {
        .verdict = PROMPT_ALLOW_ONCE, .approval = {bytes, sizeof bytes}, .by = "rogue"};
    struct approval approval;

    if (approval_parse((struct view){kept, sizeof kept}, &approval) != OK) {
        abort();
    }
    change(&approval);
    put_approval(&w, &approval);
    brought++;
    sign_answered(use, &yes);
}

const char *question_ask(struct use *use)
{
    const struct prompt_question question = {
        .qube = use->client->party->name,
        .agent = "",
        .comment = use->comment,
        .key_blob = use->key_blob,
        .proof = use->proof,
        .host_key = use->host_key,
        .hosts = use->hosts,
        .data = use->data,
    };

    if (has_kept) {
        bring(use);
        return NULL;
    }
    if (asking != NULL || !prompt_ask(++serial, &question)) {
        return "this agent asks once";
    }
    asking = use;
    return NULL;
}

void question_answered(uint32_t answered, const struct prompt_answer *answer)
{
    const struct prompt_answer no = {.verdict = PROMPT_DENY, .by = "rogue"};
    struct use *use = asking;

    if (use == NULL || answered != serial) {
        return;
    }
    asking = NULL;
    if (answer->approval.len == sizeof kept) {
        memcpy(kept, answer->approval.data, sizeof kept);
        has_kept = true;
    }
    sign_answered(use, &no);
}

void question_drop(struct use *use)
{
    asking = asking == use ? NULL : asking;
}

void question_prompt_ended(void)
{
}

int question_step(uint64_t now)
{
    (void)now;
    return -1;
}

bool question_is_cooling(const struct party *party, uint64_t now)
{
    (void)party;
    (void)now;
    return false;
}

enum prompt_verdict question_problem(void)
{
    return PROMPT_DENY;
}

unsigned question_count(void)
{
    return asking != NULL ? 1 : 0;
}

void question_came_to(struct party *party, enum prompt_verdict verdict)
{
    (void)party;
    (void)verdict;
}
