/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "differential.h"

static bool still_differs(const struct pair *pair, const struct steps *steps)
{
    struct totals totals = {0};
    size_t step;

    return !run_steps(pair, steps, false, &step, &totals);
}

/* Takes count steps from one on away, if it differs without them too. */
static bool drop(const struct pair *pair, struct steps *steps, size_t from, size_t count)
{
    struct steps fewer = {.askpass_exit = steps->askpass_exit};

    fewer.list = calloc(steps->count, sizeof *fewer.list);
    if (fewer.list == NULL) {
        die("out of memory");
    }
    for (size_t i = 0; i < steps->count; i++) {
        if (i < from || i >= from + count) {
            fewer.list[fewer.count++] = steps->list[i];
        }
    }
    if (!still_differs(pair, &fewer)) {
        free(fewer.list);
        return false;
    }
    for (size_t i = from; i < from + count; i++) {
        free(steps->list[i].bytes);
    }
    free(steps->list);
    *steps = fewer;
    return true;
}

void reduce(const struct pair *pair, struct steps *steps)
{
    for (size_t count = steps->count / 2; count > 0; count /= 2) {
        for (size_t from = steps->count; from >= count && from > 0;) {
            from -= count;
            (void)!drop(pair, steps, from, count < steps->count ? count : 1);
            from = from < steps->count ? from : steps->count;
        }
    }
}
