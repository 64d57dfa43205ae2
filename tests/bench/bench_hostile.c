/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long another client waits while a qube asks for as much as it can. The generator, the
 * victim and the agent's processes share the machine's processors, as they would in a vault; on a
 * machine with two of them a good part of what is measured here is the scheduler's.
 */
#include <stdio.h>
#include <time.h>

#include "bench.h"

#define HOSTILE_CONNECTIONS 16U
#define P99_TARGET          3.0
#define MEMORY_TARGET_KIB   1024.0
#define MEMORY_EVERY        16U /* measurements; reading /proc takes about as long as one */

struct victim {
    struct client client;
    struct message request;
    uint8_t answer;
    struct hostile_load *load;
    bool loaded;
    pid_t agent;
    unsigned turn;
    double peak_kib;
};

struct arena {
    const char *ours;
    const char *qrexec;
    pid_t agent;
    double rsa_us; /* p99 of one RSA-4096 signature */
};

static void note_memory(struct victim *v)
{
    double kib = memory_kib(v->agent);

    v->peak_kib = kib > v->peak_kib ? kib : v->peak_kib;
}

static uint64_t victim_once(void *state)
{
    struct victim *v = state;

    if (v->loaded && v->turn++ % MEMORY_EVERY == 0) {
        note_memory(v);
    }
    return client_timed(&v->client, message_view(&v->request), v->answer);
}

static void load_on(void *state)
{
    struct victim *v = state;

    hostile_start(v->load);
    v->load->burst = 0;
    v->loaded = true;
}

static void load_off(void *state)
{
    /* What the hostile qube has asked last may still be under way: 16 RSA-4096 signatures. */
    const struct timespec settle = {.tv_nsec = 200000000};
    struct victim *v = state;

    note_memory(v);
    v->loaded = false;
    hostile_stop(v->load);
    nanosleep(&settle, NULL);
}

static const char *kind_name(enum hostile_kind kind)
{
    switch (kind) {
    case HOSTILE_SIGN_ED25519:
        return "ed25519 signers";
    case HOSTILE_SIGN_RSA:
        return "RSA-4096 signers";
    case HOSTILE_LIST:
        return "listers";
    case HOSTILE_EXTENSION:
        return "unknown extensions";
    }
    return "";
}

/* One RSA-4096 signature may be under way when the victim asks for its own. */
static void report_victim(struct report *report, const char *who, bool signs,
                          const struct arena *arena, const struct victim *v,
                          const struct samples *loaded, const struct samples *idle)
{
    double allowance = signs && v->load->kind == HOSTILE_SIGN_RSA ? arena->rsa_us : 0;
    double value = (samples_p99(loaded) - allowance) / samples_p99(idle);
    char what[64];

    snprintf(what, sizeof what, "%s %s / %u %s", who, signs ? "signs" : "lists",
             v->load->connections, kind_name(v->load->kind));
    report_row(report, what, samples_p99(loaded), samples_p99(idle), value, P99_TARGET);
}

/* One victim beside one load; returns the agent's peak of memory in KiB. */
static double run_victim(struct report *report, const struct plan *plan, const struct arena *arena,
                         struct hostile_load *load, bool local, bool signs)
{
    struct victim v = {
        .load = load, .agent = arena->agent, .answer = signs ? MSG_SIGN_ANSWER : MSG_LIST_ANSWER};
    struct side idle = {.once = victim_once, .state = &v};
    struct side loaded = {.once = victim_once, .before = load_on, .after = load_off, .state = &v};
    struct samples idle_times = {0};
    struct samples loaded_times = {0};

    if (local) {
        client_open(&v.client, arena->ours, NULL);
    } else {
        client_open(&v.client, arena->qrexec, "victim");
    }
    if (signs) {
        message_sign(&v.request, &v.client, "bench-ed25519-256");
    } else {
        message_list(&v.request);
    }
    interleave(plan, &idle, &loaded, &idle_times, &loaded_times);
    report_victim(report, local ? "local" : "other qube", signs, arena, &v, &loaded_times,
                  &idle_times);
    client_close(&v.client);
    samples_free(&idle_times);
    samples_free(&loaded_times);
    return v.peak_kib;
}

/* The request of a kind of load, by way of a client that has done each of them once or more. */
static void prepare_request(struct message *ret, enum hostile_kind kind, struct client *c)
{
    switch (kind) {
    case HOSTILE_SIGN_ED25519:
        message_sign(ret, c, "bench-ed25519-256");
        break;
    case HOSTILE_SIGN_RSA:
        message_sign(ret, c, "bench-rsa-4096");
        break;
    case HOSTILE_LIST:
        message_list(ret);
        break;
    case HOSTILE_EXTENSION:
        message_extension(ret);
        break;
    }
    for (unsigned i = 0; i < 20; i++) {
        client_ask(c, message_view(ret));
    }
}

struct memory {
    double before_kib;
    double peak_kib;
};

static struct memory run_kind(struct report *report, const struct plan *plan,
                              const struct arena *arena, enum hostile_kind kind)
{
    struct memory memory = {0};
    struct message request;
    struct hostile_load load = {.path = arena->qrexec,
                                .qube = "hostile",
                                .kind = kind,
                                .connections = HOSTILE_CONNECTIONS,
                                .burst = plan->rounds > 1 ? QUBE_BURST_FRAMES : 0};
    struct client c;

    client_open(&c, arena->qrexec, "hostile");
    prepare_request(&request, kind, &c);
    client_close(&c);
    load.frame = message_view(&request);
    memory.before_kib = memory_kib(arena->agent);
    for (unsigned i = 0; i < 4; i++) {
        double kib = run_victim(report, plan, arena, &load, i / 2 == 1, i % 2 == 1);

        memory.peak_kib = kib > memory.peak_kib ? kib : memory.peak_kib;
    }
    return memory;
}

static double rsa_time(const char *ours)
{
    struct samples times = {0};
    struct message request;
    struct client c;
    double us;

    client_open(&c, ours, NULL);
    message_sign(&request, &c, "bench-rsa-4096");
    for (unsigned i = 0; i < 100; i++) {
        samples_add(&times, client_timed(&c, message_view(&request), MSG_SIGN_ANSWER));
    }
    client_close(&c);
    us = samples_p99(&times); /* it is taken off a p99 */
    samples_free(&times);
    return us;
}

void bench_hostile(struct report *report, const struct plan *plan, const char *ours,
                   const char *qrexec, pid_t agent)
{
    struct arena arena = {.ours = ours, .qrexec = qrexec, .agent = agent};
    /* Starting and stopping the load takes longer than a batch: fewer and longer ones. */
    struct plan longer = {.rounds = (plan->rounds + 3) / 4, .batch = plan->batch * 4};

    struct memory memory[HOSTILE_KINDS];

    arena.rsa_us = rsa_time(ours);
    report_title("another client beside a hostile qube", "loaded p99 us", "idle p99 us");
    for (unsigned i = 0; i < HOSTILE_KINDS; i++) {
        memory[i] = run_kind(report, &longer, &arena, (enum hostile_kind)i);
    }
    printf("(one RSA-4096 signature, %.1f us, is taken off where the victim signs and RSA-4096 is "
           "under way)\n",
           arena.rsa_us);
    report_title("memory of the agent beside it (ratio: of 1 MiB)", "peak KiB", "before KiB");
    for (unsigned i = 0; i < HOSTILE_KINDS; i++) {
        report_row(report, kind_name((enum hostile_kind)i), memory[i].peak_kib,
                   memory[i].before_kib,
                   (memory[i].peak_kib - memory[i].before_kib) / MEMORY_TARGET_KIB, 1);
    }
}
