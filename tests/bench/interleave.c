/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

static void run_batch(const struct side *side, unsigned batch, struct samples *ret)
{
    if (side->before != NULL) {
        side->before(side->state);
    }
    /* Caches and clocks settle on this side's work first. */
    for (unsigned i = 0; i < batch / 10 + 1; i++) {
        side->once(side->state);
    }
    for (unsigned i = 0; i < batch; i++) {
        samples_add(ret, side->once(side->state));
    }
    if (side->after != NULL) {
        side->after(side->state);
    }
}

void interleave(const struct plan *plan, const struct side *a, const struct side *b,
                struct samples *ret_a, struct samples *ret_b)
{
    for (unsigned round = 0; round < plan->rounds; round++) {
        /* Neither side always profits from going first. */
        if (round % 2 == 0) {
            run_batch(a, plan->batch, ret_a);
            run_batch(b, plan->batch, ret_b);
        } else {
            run_batch(b, plan->batch, ret_b);
            run_batch(a, plan->batch, ret_a);
        }
    }
}
