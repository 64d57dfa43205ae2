/* SPDX-License-Identifier: BSD-2-Clause */
#include "question.h"

#include "clock.h"
#include "notices.h"
#include "sign.h"

/* The prompt counts the time itself; this is for one that does not come back. */
#define ANSWER_SLACK_MS 10000U

TAILQ_HEAD(party_queue, party);

static struct party_queue turns = TAILQ_HEAD_INITIALIZER(turns);
static struct use *shown;
static uint32_t serial;
static uint64_t shown_at;   /* ms of CLOCK_BOOTTIME */
static uint64_t give_up_at; /* ...: no answer to what is shown by then */
static unsigned waiting;
static enum prompt_verdict problem; /* of the last question; PROMPT_DENY for none */

enum prompt_verdict question_problem(void)
{
    return problem;
}

unsigned question_count(void)
{
    return waiting + (shown != NULL ? 1 : 0);
}

bool question_is_cooling(const struct party *party, uint64_t now)
{
    return now < party->cool_until;
}

static void push(struct use *use)
{
    struct party *party = use->client->party;

    TAILQ_INSERT_TAIL(&party->questions, use, link);
    use->is_queued = true;
    party->questions_waiting++;
    waiting++;
    if (!party->in_question_turn) {
        TAILQ_INSERT_TAIL(&turns, party, question_link);
        party->in_question_turn = true;
    }
}

static void drop(struct use *use)
{
    struct party *party = use->client->party;

    TAILQ_REMOVE(&party->questions, use, link);
    use->is_queued = false;
    party->questions_waiting--;
    waiting--;
    if (TAILQ_EMPTY(&party->questions)) {
        TAILQ_REMOVE(&turns, party, question_link);
        party->in_question_turn = false;
    }
}

/* The first question of the party whose turn it is; that party goes to the end. */
static struct use *pop(void)
{
    struct party *party = TAILQ_FIRST(&turns);
    struct use *use;

    if (party == NULL) {
        return NULL;
    }
    use = TAILQ_FIRST(&party->questions);
    drop(use);
    if (party->in_question_turn) {
        TAILQ_REMOVE(&turns, party, question_link);
        TAILQ_INSERT_TAIL(&turns, party, question_link);
    }
    return use;
}

static bool show(struct use *use, unsigned seconds)
{
    const struct client *client = use->client;
    const struct prompt_question question = {
        .qube = client->party->name,
        .agent = client->agent_name,
        .comment = use->comment,
        .key_blob = use->key_blob,
        .proof = use->proof,
        .forwarded = use->forwarded,
        .host_key = use->host_key,
        .hosts = use->hosts,
        .seconds = use->has_scope ? seconds : 0,
        .data = use->data,
    };

    use->seconds = question.seconds;
    serial = prompt_new_serial();
    return prompt_ask(serial, &question);
}

static void next_question(void)
{
    static const struct prompt_answer broken = {.verdict = PROMPT_FAILED, .by = "nobody"};

    while (shown == NULL) {
        struct use *use = pop();
        struct policy_decision decision;

        if (use == NULL) {
            return;
        }
        decision = use_decide(use);
        if (decision.verdict != POLICY_ASK) {
            sign_settled(use, &decision);
        } else if (!show(use, decision.seconds)) {
            sign_answered(use, &broken);
        } else {
            shown = use;
            use->is_shown = true;
            shown_at = boottime_ms();
            give_up_at = shown_at + QUESTION_TIMEOUT_MS + ANSWER_SLACK_MS;
        }
    }
}

const char *question_ask(struct use *use)
{
    struct party *party = use->client->party;

    if (!prompt_is_alive()) {
        return "the prompt has ended, so nobody can be asked (restart the agent)";
    }
    if (party->is_qube && question_is_cooling(party, boottime_ms())) {
        return QUESTION_COOLING;
    }
    if (party->is_qube && party->questions_waiting >= QUESTIONS_PER_QUBE_MAX) {
        return "too many of its questions wait already";
    }
    push(use);
    next_question();
    return NULL;
}

static void cool_down(struct party *party, unsigned questions, const char *logged,
                      const char *shown_as)
{
    party->unanswered = 0;
    party->fruitless = 0;
    party->cool_until = boottime_ms() + COOL_DOWN_MS;
    report_party(party, "%u questions %s; it may ask none for %u minutes", questions, logged,
                 COOL_DOWN_MS / 60000);
    notice("%s asked %u times%s; it may ask no more for %u minutes", party_label(party), questions,
           shown_as, COOL_DOWN_MS / 60000);
}

/*
 * Nobody is there, or nobody wants to: the qube may not go on with it. A client that goes away in
 * time must not help it: to ask and to go costs a process each time, and takes the screen.
 */
static void count_question(struct party *party, bool answered, bool timed_out)
{
    if (!party->is_qube || answered) {
        party->unanswered = 0;
        party->fruitless = 0;
        return;
    }
    party->fruitless++;
    party->unanswered += timed_out ? 1 : 0;
    if (party->unanswered >= UNANSWERED_MAX) {
        cool_down(party, UNANSWERED_MAX, "were not answered", " and nobody answered");
    } else if (party->fruitless >= FRUITLESS_MAX) {
        cool_down(party, FRUITLESS_MAX, "came to nothing", " to no end");
    }
}

/* The rest of the party's questions: nobody will answer those either. */
static void refuse_if_cooling(struct party *party)
{
    static const struct policy_decision cooling = {
        .verdict = POLICY_DENY,
        .word = POLICY_CONFIRM,
        .reason = QUESTION_COOLING,
    };

    while (question_is_cooling(party, boottime_ms()) && !TAILQ_EMPTY(&party->questions)) {
        struct use *use = TAILQ_FIRST(&party->questions);

        drop(use);
        sign_settled(use, &cooling);
    }
}

void question_drop(struct use *use)
{
    struct party *party = use->client->party;

    if (use->is_queued) {
        drop(use);
    }
    if (use->is_shown) {
        use->is_shown = false;
        shown = NULL;
        prompt_cancel(serial);
        count_question(party, false, boottime_ms() >= shown_at + QUESTION_TIMEOUT_MS / 2);
        refuse_if_cooling(party);
        next_question();
    }
}

void question_came_to(struct party *party, enum prompt_verdict verdict)
{
    count_question(party, verdict <= PROMPT_ALLOW_WHILE, verdict == PROMPT_TIMEOUT);
    refuse_if_cooling(party);
}

static void settle_shown(const struct prompt_answer *answer)
{
    struct use *use = shown;
    struct party *party = use->client->party;

    shown = NULL;
    use->is_shown = false;
    problem = answer->verdict >= PROMPT_NO_DISPLAY ? answer->verdict : PROMPT_DENY;
    count_question(party, answer->verdict <= PROMPT_ALLOW_WHILE, answer->verdict == PROMPT_TIMEOUT);
    sign_answered(use, answer);
    refuse_if_cooling(party);
    next_question();
}

void question_answered(uint32_t answered, const struct prompt_answer *answer)
{
    if (shown != NULL && answered == serial) { /* else it crossed our CANCEL */
        settle_shown(answer);
    }
}

void question_prompt_ended(void)
{
    static const struct prompt_answer ended = {.verdict = PROMPT_FAILED, .by = "nobody"};

    if (shown != NULL) {
        settle_shown(&ended); /* and those that wait, since none can be shown */
    }
}

int question_step(uint64_t now)
{
    static const struct prompt_answer silent = {.verdict = PROMPT_FAILED, .by = "nobody"};

    if (shown != NULL && now >= give_up_at) {
        prompt_cancel(serial);
        settle_shown(&silent);
    }
    return shown != NULL ? (int)(give_up_at - now) : -1;
}
