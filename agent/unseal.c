/* SPDX-License-Identifier: BSD-2-Clause */
#include "unseal.h"

#include <stdlib.h>

#include "clock.h"
#include "ipc.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "question.h"
#include "report.h"
#include "sign.h"

/* The prompt counts the time itself: a look-up, a dialog; this is for one that is stuck. */
#define ANSWER_MS (2U * PASSPHRASE_TIMEOUT_MS + PROMPT_GRACE_MS + 10000U)

/* A key that is to be opened: for a use, or at the start. */
struct waiting {
    TAILQ_ENTRY(waiting) link;
    uint64_t key;
    struct use *use; /* NULL: for none */
};

static TAILQ_HEAD(, waiting) queue = TAILQ_HEAD_INITIALIZER(queue);

static struct {
    enum { IDLE, ASKING, OPENING } stage;
    uint64_t key;
    uint64_t give_up_at; /* ms of CLOCK_BOOTTIME, while asking */
    bool look_up;        /* the Secret Service is asked first */
    bool stored;         /* that is where the passphrase came from */
    unsigned wrong;      /* that were typed */
    uint64_t ticket;
    struct keystore_job job;
} current;

static uint32_t serial;

static const char nobody[] = "the prompt has ended, so nobody can be asked for the passphrase";

static bool is_waited_for(uint64_t key)
{
    const struct waiting *waiting;

    TAILQ_FOREACH(waiting, &queue, link)
    {
        if (waiting->key == key) {
            return true;
        }
    }
    return false;
}

static unsigned count_of(const struct party *party)
{
    const struct waiting *waiting;
    unsigned count = 0;

    TAILQ_FOREACH(waiting, &queue, link)
    {
        count += waiting->use != NULL && waiting->use->client->party == party ? 1 : 0;
    }
    return count;
}

/* The use that the dialog speaks of: the first for the key, if there is one. */
static const struct use *first_use(uint64_t key)
{
    const struct waiting *waiting;

    TAILQ_FOREACH(waiting, &queue, link)
    {
        if (waiting->key == key && waiting->use != NULL) {
            return waiting->use;
        }
    }
    return NULL;
}

/* Each that waits for the key goes on, or, if why is not NULL, is refused for that. */
static void settle(uint64_t key, const char *why)
{
    struct waiting *waiting = TAILQ_FIRST(&queue);

    while (waiting != NULL) {
        struct waiting *next = TAILQ_NEXT(waiting, link);
        struct use *use = waiting->use;

        if (waiting->key == key) {
            TAILQ_REMOVE(&queue, waiting, link);
            free(waiting);
            if (use != NULL && why == NULL) {
                sign_unsealed(use);
            } else if (use != NULL) {
                sign_not_unsealed(use, why);
            }
            next = TAILQ_FIRST(&queue); /* a use that ends can end others */
        }
        waiting = next;
    }
}

static void end_current(const char *why)
{
    uint64_t key = current.key;
    struct agent *agent;
    const struct identity *identity = agents_find_key(key, &agent);

    current.stage = IDLE;
    if (why != NULL && identity != NULL && identity->path != NULL) {
        report("%s: not opened: %s", identity->path, why);
    }
    settle(key, why);
}

/* IDLE again at once, if the prompt has ended. */
static void ask(const struct identity *identity)
{
    const struct use *use = first_use(current.key);
    const struct prompt_passphrase asked = {
        .qube = use != NULL ? use->client->party->name : "",
        .comment = identity->comment,
        .path = identity->path != NULL ? identity->path : "",
        .fingerprint = identity->sha256,
        .look_up = current.look_up,
        .wrong = current.wrong,
    };

    current.stage = ASKING;
    current.give_up_at = boottime_ms() + ANSWER_MS;
    serial = prompt_new_serial();
    if (!prompt_passphrase(serial, &asked)) {
        end_current(nobody);
    }
}

/* Uses before what nobody waits for. */
static struct waiting *first_waiting(void)
{
    struct waiting *waiting;

    TAILQ_FOREACH(waiting, &queue, link)
    {
        if (waiting->use != NULL) {
            return waiting;
        }
    }
    return TAILQ_FIRST(&queue);
}

static bool is_cooling(const struct use *use)
{
    const struct party *party = use->client->party;

    return party->is_qube && question_is_cooling(party, boottime_ms());
}

static void refuse_cooling(struct waiting *waiting)
{
    struct use *use = waiting->use;

    TAILQ_REMOVE(&queue, waiting, link);
    free(waiting);
    sign_not_unsealed(use, QUESTION_COOLING);
}

static void next_key(void)
{
    struct waiting *waiting;

    while (current.stage == IDLE && (waiting = first_waiting()) != NULL) {
        uint64_t key = waiting->key;
        struct agent *agent;
        const struct identity *identity = agents_find_key(key, &agent);

        if (waiting->use != NULL && is_cooling(waiting->use)) {
            refuse_cooling(waiting);
        } else if (identity == NULL) {
            settle(key, err_text(ERR_NOT_FOUND));
        } else if (lock_state_is_locked()) {
            settle(key, err_text(ERR_LOCKED));
        } else if (!identity->sealed) {
            settle(key, NULL);
        } else {
            current.key = key;
            current.look_up = true;
            current.wrong = 0;
            ask(identity);
        }
    }
}

static void finish(const char *why)
{
    end_current(why);
    next_key();
}

static bool push(uint64_t key, struct use *use)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);

    if (waiting == NULL) {
        return false;
    }
    waiting->key = key;
    waiting->use = use;
    TAILQ_INSERT_TAIL(&queue, waiting, link);
    return true;
}

const char *unseal_wait(struct use *use)
{
    const struct party *party = use->client->party;

    if (use->client->gone || use->client->state == CLIENT_CLOSED) {
        return "the client has gone";
    }
    if (is_cooling(use)) {
        return QUESTION_COOLING;
    }
    if (party->is_qube && count_of(party) >= QUESTIONS_PER_QUBE_MAX) {
        return "too many of its requests wait for a passphrase already";
    }
    if (!push(use->key, use)) {
        return err_text(ERR_NO_MEMORY);
    }
    next_key();
    return NULL;
}

void unseal_drop(struct use *use)
{
    struct waiting *waiting = TAILQ_FIRST(&queue);
    bool for_nobody;

    while (waiting != NULL && waiting->use != use) {
        waiting = TAILQ_NEXT(waiting, link);
    }
    if (waiting == NULL) {
        return;
    }
    TAILQ_REMOVE(&queue, waiting, link);
    /* A passphrase that is with the keystore is used to its end: the next use is quicker. */
    for_nobody = current.stage == ASKING && !is_waited_for(current.key);
    free(waiting);
    if (for_nobody) {
        prompt_cancel(serial);
        question_came_to(use->client->party, PROMPT_FAILED);
        current.stage = IDLE;
        next_key();
    }
}

void unseal_all(void)
{
    const struct agent *agent = NULL;

    while ((agent = agents_next(agent)) != NULL) {
        const struct identity *identity;
        size_t at = 0;

        while ((identity = identity_next(&agent->identities, &at)) != NULL) {
            if (identity->sealed && !push(identity->id, NULL)) {
                report("%s", err_text(ERR_NO_MEMORY));
                return;
            }
        }
    }
    next_key();
}

static const char *verdict_text(enum prompt_verdict verdict)
{
    switch (verdict) {
    case PROMPT_DENY:
        return "no passphrase was given";
    case PROMPT_TIMEOUT:
        return "nobody gave the passphrase in time";
    case PROMPT_NO_DISPLAY:
        return "there is no display to ask for its passphrase, and no askpass";
    default:
        return "the passphrase could not be asked for";
    }
}

/* What came of the dialogs, for the qube whose use they spoke of. */
static void count_dialog(enum prompt_verdict verdict)
{
    const struct use *use = first_use(current.key);

    if (use != NULL) {
        question_came_to(use->client->party, verdict);
    }
}

static void try_again(enum err err)
{
    struct agent *agent;
    const struct identity *identity = agents_find_key(current.key, &agent);

    if (current.stored) {
        current.look_up = false; /* the one that is stored is wrong: from now on the user alone */
    } else {
        current.wrong++;
    }
    if (identity == NULL) {
        finish(err_text(ERR_NOT_FOUND));
    } else if (current.wrong >= PASSPHRASE_TRIES) {
        count_dialog(PROMPT_FAILED);
        finish(err_text(err));
    } else {
        ask(identity);
        next_key();
    }
}

/* The keystore has opened all keys of the file. */
static void mark_open(uint64_t id)
{
    struct agent *agent;
    const struct identity *opened = agents_find_key(id, &agent);
    const struct agent *each = NULL;

    while (opened != NULL && (each = agents_next(each)) != NULL) {
        struct identity *identity;
        size_t at = 0;

        while ((identity = identity_next(&each->identities, &at)) != NULL) {
            if (identity == opened || strcmp(identity->sha256, opened->sha256) == 0) {
                identity->sealed = false;
            }
        }
    }
}

void unseal_done(uint64_t id, enum err err)
{
    if (err == OK) {
        mark_open(id);
    }
    if (current.stage != OPENING || id != current.key) {
        return;
    }
    prompt_opened(serial, err == OK);
    prompt_taken(current.ticket);
    if (err == ERR_PASSPHRASE) {
        try_again(err);
        return;
    }
    if (err == OK && !current.stored) { /* else nobody has answered anything */
        count_dialog(PROMPT_ALLOW_ONCE);
    }
    finish(err == OK ? NULL : err_text(err));
}

static void begun(struct keystore_job *job, enum err err, struct view answer)
{
    (void)answer;
    if (err != OK) { /* else UNSEALED will come */
        unseal_done(job->id, err);
    }
}

void unseal_secret(uint32_t answered, const struct prompt_secret *secret)
{
    struct wire_writer fields;

    if (current.stage != ASKING || answered != serial) {
        if (secret->verdict == PROMPT_ALLOW_ONCE) { /* it crossed our CANCEL */
            prompt_taken(secret->ticket);
        }
        return;
    }
    if (secret->verdict != PROMPT_ALLOW_ONCE) {
        /* The policy alone may have brought it up, and who closes it wants no more. */
        count_dialog(secret->verdict == PROMPT_DENY ? PROMPT_FAILED : secret->verdict);
        finish(verdict_text(secret->verdict));
        return;
    }
    current.stage = OPENING;
    current.stored = secret->stored;
    current.ticket = secret->ticket;
    fields = keystore_job_fields(&current.job, IPC_UNSEAL);
    put_u64(&fields, current.key);
    put_u64(&fields, secret->ticket);
    current.job.id = current.key;
    current.job.done = begun;
    keystore_run(&current.job, &fields);
}

void unseal_prompt_ended(void)
{
    if (current.stage == ASKING) {
        finish(nobody);
    }
}

/* Why the passphrase that is asked for is of no use any more; NULL: it is. */
static const char *why_pointless(uint64_t now)
{
    struct agent *agent;

    if (agents_find_key(current.key, &agent) == NULL) {
        return err_text(ERR_NOT_FOUND);
    }
    if (lock_state_is_locked()) {
        return err_text(ERR_LOCKED);
    }
    return now < current.give_up_at ? NULL : "the prompt did not answer in time";
}

int unseal_step(uint64_t now)
{
    const char *why = current.stage == ASKING ? why_pointless(now) : NULL;

    if (why != NULL) {
        prompt_cancel(serial);
        finish(why);
    }
    return current.stage == ASKING ? (int)(current.give_up_at - now) : -1;
}
