/* SPDX-License-Identifier: BSD-2-Clause */
#include "party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "clock.h"
#include "config.h"

TAILQ_HEAD(party_list, party);

static struct party_list all = TAILQ_HEAD_INITIALIZER(all);
static struct party_list ready = TAILQ_HEAD_INITIALIZER(ready);
static struct party_list throttled = TAILQ_HEAD_INITIALIZER(throttled);
static struct party_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
static unsigned qubes;
static unsigned parties_ready;

static struct party local = {
    .ready = TAILQ_HEAD_INITIALIZER(local.ready),
    .waiting = TAILQ_HEAD_INITIALIZER(local.waiting),
    .questions = TAILQ_HEAD_INITIALIZER(local.questions),
};
static struct party unidentified = {
    .is_qube = true,
    .ready = TAILQ_HEAD_INITIALIZER(unidentified.ready),
    .waiting = TAILQ_HEAD_INITIALIZER(unidentified.waiting),
    .questions = TAILQ_HEAD_INITIALIZER(unidentified.questions),
};

struct party *party_local(void)
{
    return &local;
}

struct party *party_unidentified(void)
{
    return &unidentified;
}

/*
 * A qube that is gone is kept, so that to come back does not refill its bucket of log lines, nor
 * its uses of the minute, and does not end its silence.
 */
static void forget_one(void)
{
    uint64_t now = boottime_ms();
    struct party *party;

    TAILQ_FOREACH(party, &all, all_link)
    {
        if (party->clients == 0 && !party->throttled && party->in_keystore == 0 &&
            now >= party->cool_until && party_recent_uses(party, now) == 0) {
            TAILQ_REMOVE(&all, party, all_link);
            free(party);
            qubes--;
            return;
        }
    }
}

struct party *party_qube(const char *name)
{
    struct party *party;

    TAILQ_FOREACH(party, &all, all_link)
    {
        if (strcmp(party->name, name) == 0) {
            return party;
        }
    }
    if (qubes == QUBES_MAX) {
        forget_one();
    }
    party = qubes < QUBES_MAX ? calloc(1, sizeof *party) : NULL;
    if (party == NULL) {
        return NULL;
    }
    snprintf(party->name, sizeof party->name, "%s", name);
    party->is_qube = true;
    TAILQ_INIT(&party->ready);
    TAILQ_INIT(&party->waiting);
    TAILQ_INIT(&party->questions);
    policy_rules(config_policy(), name, &party->rules);
    TAILQ_INSERT_TAIL(&all, party, all_link);
    qubes++;
    return party;
}

struct party *party_next(struct party *party)
{
    return party == NULL ? TAILQ_FIRST(&all) : TAILQ_NEXT(party, all_link);
}

void party_apply_policy(const struct policy *policy)
{
    struct party *party;

    TAILQ_FOREACH(party, &all, all_link)
    {
        policy_rules(policy, party->name, &party->rules);
    }
}

/* Slots of seconds that have gone by since are zero again. */
static void advance_rate(struct party_rate *rate, uint64_t now)
{
    uint64_t second = now / 1000;

    if (second - rate->second >= RATE_SECONDS) {
        memset(rate->uses, 0, sizeof rate->uses);
        rate->second = second;
    }
    while (rate->second < second) {
        rate->second++;
        rate->uses[rate->second % RATE_SECONDS] = 0;
    }
}

unsigned party_recent_uses(struct party *party, uint64_t now)
{
    unsigned uses = 0;

    advance_rate(&party->rate, now);
    for (size_t i = 0; i < RATE_SECONDS; i++) {
        uses += party->rate.uses[i];
    }
    return uses;
}

void party_count_use(struct party *party, uint64_t now)
{
    advance_rate(&party->rate, now);
    party->rate.uses[party->rate.second % RATE_SECONDS]++;
}

const char *party_label(const struct party *party)
{
    static char label[sizeof "qube " + QUBE_NAME_MAX];

    if (!party->is_qube) {
        return "local";
    }
    if (party == &unidentified) {
        return "unidentified qube";
    }
    snprintf(label, sizeof label, "qube %s", party->name);
    return label;
}

/* A party has turns as long as it has a ready client and is not throttled. */
static void update_round(struct party *party)
{
    bool belongs = !TAILQ_EMPTY(&party->ready) && !party->throttled;

    if (belongs && !party->in_round) {
        TAILQ_INSERT_TAIL(&ready, party, ready_link);
        parties_ready++;
    } else if (!belongs && party->in_round) {
        TAILQ_REMOVE(&ready, party, ready_link);
        parties_ready--;
    }
    party->in_round = belongs;
}

void party_push_ready(struct party *party, struct client *client)
{
    TAILQ_INSERT_TAIL(&party->ready, client, ready_link);
    update_round(party);
}

void party_drop_ready(struct party *party, struct client *client)
{
    TAILQ_REMOVE(&party->ready, client, ready_link);
    update_round(party);
}

bool party_is_busy(const struct party *party)
{
    return !TAILQ_EMPTY(&party->ready) || !TAILQ_EMPTY(&party->waiting) || party->in_keystore > 0;
}

static void fill(struct party *party, uint64_t now)
{
    uint64_t frames = (now - party->filled_ms) / QUBE_FRAME_FILL_MS;

    if (party->filled_ms == 0 || party->frames_left + frames >= QUBE_BURST_FRAMES) {
        party->frames_left = QUBE_BURST_FRAMES;
        party->filled_ms = now;
    } else {
        party->frames_left += (unsigned)frames;
        party->filled_ms += frames * QUBE_FRAME_FILL_MS;
    }
}

void party_charge(struct party *party)
{
    /* Throttled already: a session-bind is charged for its work and as a frame beside others. */
    if (!party->is_qube || party->throttled) {
        return;
    }
    fill(party, boottime_ms());
    party->frames_left -= party->frames_left > 0 ? 1 : 0;
    if (party->frames_left > 0) {
        return;
    }
    party->throttled = true;
    TAILQ_INSERT_TAIL(&throttled, party, throttled_link);
    update_round(party);
}

int party_refill(uint64_t now)
{
    struct party *party = TAILQ_FIRST(&throttled);

    /* Oldest first: whoever came first has its next frame first, give or take one. */
    while (party != NULL) {
        fill(party, now);
        if (party->frames_left == 0) {
            return (int)(party->filled_ms + QUBE_FRAME_FILL_MS - now);
        }
        TAILQ_REMOVE(&throttled, party, throttled_link);
        party->throttled = false;
        update_round(party);
        party = TAILQ_FIRST(&throttled);
    }
    return -1;
}

void party_push_waiting(struct party *party, struct client *client)
{
    if (TAILQ_EMPTY(&party->waiting)) {
        TAILQ_INSERT_TAIL(&waiting, party, waiting_link);
    }
    TAILQ_INSERT_TAIL(&party->waiting, client, waiting_link);
}

void party_drop_waiting(struct party *party, struct client *client)
{
    TAILQ_REMOVE(&party->waiting, client, waiting_link);
    if (TAILQ_EMPTY(&party->waiting)) {
        TAILQ_REMOVE(&waiting, party, waiting_link);
    }
}

struct client *party_pop_ready(void)
{
    struct party *party = TAILQ_FIRST(&ready);
    struct client *client;

    if (party == NULL) {
        return NULL;
    }
    client = TAILQ_FIRST(&party->ready);
    party_drop_ready(party, client);
    if (!TAILQ_EMPTY(&party->ready)) {
        TAILQ_REMOVE(&ready, party, ready_link);
        TAILQ_INSERT_TAIL(&ready, party, ready_link);
    }
    return client;
}

struct client *party_pop_waiting(void)
{
    struct party *party = TAILQ_FIRST(&waiting);
    struct client *client;

    if (party == NULL) {
        return NULL;
    }
    client = TAILQ_FIRST(&party->waiting);
    party_drop_waiting(party, client);
    if (!TAILQ_EMPTY(&party->waiting)) {
        TAILQ_REMOVE(&waiting, party, waiting_link);
        TAILQ_INSERT_TAIL(&waiting, party, waiting_link);
    }
    return client;
}

unsigned party_count_ready(void)
{
    return parties_ready;
}
