/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long another client waits while one asks for as much as it can. The flood, the other client
 * and the agent's processes share the machine's processors, as they would in a vault; on a machine
 * with two of them a good part of what is measured here is the scheduler's.
 */
#include <stdio.h>

#include "bench.h"

#define HOSTILE_CONNECTIONS 16U
#define MEMORY_EVERY        128U /* measurements; reading /proc delays one: fewer than 1 in 100 */

struct victim {
    struct client client;
    struct message request;
    struct flood flood;
    bool loaded;
    pid_t pid;
    unsigned turn;
    double peak_kib;
};

static void note_memory(struct victim *v)
{
    double kib = memory_resident_kib(v->pid);

    v->peak_kib = kib > v->peak_kib ? kib : v->peak_kib;
}

static uint64_t victim_once(void *state)
{
    struct victim *v = state;

    if (v->loaded && v->turn++ % MEMORY_EVERY == 0) {
        note_memory(v);
    }
    return client_timed(&v->client, message_view(&v->request), v->request.answer);
}

static void load_on(void *state)
{
    struct victim *v = state;

    flood_start(&v->flood);
    v->flood.burst = 0;
    v->loaded = true;
}

static void load_off(void *state)
{
    struct victim *v = state;

    note_memory(v);
    v->loaded = false;
    flood_stop(&v->flood);
}

/* The flood's request, by way of a client that has asked for it some times. */
static void prepare_flood(struct flood *flood, const char *what)
{
    struct client c;

    client_open(&c, &flood->to);
    message_named(&flood->request, &c, what);
    for (unsigned i = 0; i < 20; i++) {
        client_ask(&c, message_view(&flood->request));
    }
    client_close(&c);
}

static void report(const struct plan *plan, const char *name, const struct victim *v, double before,
                   struct samples *times)
{
    char what[64];

    record(plan->label, name, &times[0], 0);
    snprintf(what, sizeof what, "%s, flooded", name);
    record(plan->label, what, &times[1], 0);
    snprintf(what, sizeof what, "%s, more KiB", name);
    record_value(plan->label, what, v->peak_kib - before);
}

void bench_hostile(const struct plan *plan, const char *flood, const char *what,
                   const struct target *flooded, const struct target *victim, pid_t pid, bool first)
{
    bool slowed = flooded->qube != NULL && !first;
    struct victim v = {.pid = pid,
                       .flood = {.to = *flooded,
                                 .connections = HOSTILE_CONNECTIONS,
                                 .slowed = slowed,
                                 /* A handful of rounds shows nothing anyhow. */
                                 .burst = slowed && plan->rounds > 2 ? QUBE_BURST_FRAMES : 0}};
    const struct side sides[] = {
        {.name = "idle", .once = victim_once, .state = &v},
        {.name = "flooded", .once = victim_once, .before = load_on, .after = load_off, .state = &v},
    };
    struct samples times[2] = {0};
    double before;

    prepare_flood(&v.flood, flood);
    client_open(&v.client, victim);
    message_named(&v.request, &v.client, what);
    before = memory_resident_kib(pid);
    interleave(plan, sides, 2, times);
    report(plan, victim->name, &v, before, times);
    client_close(&v.client);
    samples_free(&times[0]);
    samples_free(&times[1]);
}
