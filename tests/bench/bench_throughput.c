/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many requests at once: on each connection the next one goes out as soon as the last is answered.
 * What is recorded is the time from answer to answer.
 */
#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "bench.h"

#define SLOT_MAX_NS 10000000000U
#define LOOK_NS     1000000

static uint64_t once(void *state)
{
    struct flood *flood = state;
    struct flood_counters *counters = flood->counters;
    const struct timespec look = {.tv_nsec = LOOK_NS};
    uint64_t first = atomic_load(&counters->answers);
    uint64_t start = atomic_load(&counters->last_ns);
    /* All connections have been answered when the first one is measured, which is thrown away. */
    uint64_t end = now_ns() + (flood->settled ? flood->slot_ns : flood->slot_ns / 10);
    uint64_t answers = 0;

    while (now_ns() < end || answers == 0 || answers < flood->answers_min) {
        nanosleep(&look, NULL);
        answers = atomic_load(&counters->answers) - first;
        if (now_ns() > end + SLOT_MAX_NS) {
            errno = 0;
            die("%s does not go on answering", flood->to.name);
        }
    }
    flood->settled = true;
    return (atomic_load(&counters->last_ns) - start) / answers;
}

static void load_on(void *state)
{
    struct flood *flood = state;

    flood_start(flood);
    flood->settled = false;
}

static void load_off(void *state)
{
    flood_stop(state);
}

void bench_throughput(const struct plan *plan, const char *what, unsigned connections,
                      const struct target *to, size_t count)
{
    struct plan one_each = {.label = plan->label, .rounds = plan->rounds, .batch = 1, .least = 1};
    struct flood floods[SIDES_MAX];
    struct side sides[SIDES_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        struct client c;

        floods[i] = (struct flood){.to = to[i],
                                   .connections = connections,
                                   .slot_ns = plan->slot_ns,
                                   .answers_min = plan->batch < 8 ? plan->batch : 8};
        client_open(&c, &to[i]);
        message_named(&floods[i].request, &c, what);
        client_close(&c);
        sides[i] = (struct side){.name = to[i].name,
                                 .once = once,
                                 .before = load_on,
                                 .after = load_off,
                                 .state = &floods[i]};
    }
    contest(&one_each, sides, count);
}
