/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "bench.h"

/* As many as fit into the slot, by the time that the first one took. */
static size_t choose_batch(const struct plan *plan, uint64_t first_ns)
{
    uint64_t fit = plan->slot_ns / (first_ns == 0 ? 1 : first_ns);

    if (fit < plan->least) {
        return plan->batch < plan->least ? plan->batch : plan->least;
    }
    return fit < plan->batch ? (size_t)fit : plan->batch;
}

static void run_batch(const struct plan *plan, const struct side *side, struct samples *ret)
{
    uint64_t first;

    if (side->before != NULL) {
        side->before(side->state);
    }
    /* Caches and clocks settle on this side's work first. */
    side->once(side->state);
    if (ret->batch == 0) {
        first = side->once(side->state);
        ret->batch = choose_batch(plan, first);
    }
    for (size_t i = 0; i < ret->batch / 10; i++) {
        side->once(side->state);
    }
    for (size_t i = 0; i < ret->batch; i++) {
        samples_add(ret, side->once(side->state));
    }
    if (side->after != NULL) {
        side->after(side->state);
    }
}

void interleave(const struct plan *plan, const struct side *sides, size_t count,
                struct samples *ret)
{
    for (unsigned round = 0; round < plan->rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            /* No side always profits from going first, or from who goes before it. */
            size_t turn = (i + round / 2) % count;
            size_t at = round % 2 == 0 ? turn : count - 1 - turn;

            run_batch(plan, &sides[at], &ret[at]);
        }
    }
}

void record(const char *label, const char *name, const struct samples *times, double ratio)
{
    printf("%s\t%s\t%zu\t%.3f\t%.3f\t", label, name, times->count, samples_p50(times),
           samples_p99(times));
    if (ratio > 0) {
        printf("%.4f\n", ratio);
    } else {
        puts("-");
    }
    fflush(stdout);
}

void record_value(const char *label, const char *name, double value)
{
    printf("%s\t%s\t1\t%.3f\t-\t-\n", label, name, value);
    fflush(stdout);
}

void contest(const struct plan *plan, const struct side *sides, size_t count)
{
    struct samples times[SIDES_MAX] = {0};

    interleave(plan, sides, count, times);
    for (size_t i = 0; i < count; i++) {
        record(plan->label, sides[i].name, &times[i],
               i == 0 ? 0 : samples_ratio(&times[0], &times[i]));
    }
    for (size_t i = 0; i < count; i++) {
        samples_free(&times[i]);
    }
}
