/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void samples_add(struct samples *s, uint64_t ns)
{
    if (s->count == s->cap) {
        size_t cap = s->cap == 0 ? 1024 : 2 * s->cap;
        uint64_t *grown = reallocarray(s->ns, cap, sizeof *grown);

        if (grown == NULL) {
            die("no memory for samples");
        }
        s->ns = grown;
        s->cap = cap;
    }
    s->ns[s->count++] = ns;
}

void samples_free(struct samples *s)
{
    free(s->ns);
    *s = (struct samples){0};
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

double samples_percentile(const struct samples *s, size_t first, size_t count, double percentile)
{
    uint64_t *sorted;
    uint64_t at;
    size_t rank;

    if (count == 0 || first > s->count || count > s->count - first) {
        die("no samples");
    }
    sorted = reallocarray(NULL, count, sizeof *sorted);
    if (sorted == NULL) {
        die("no memory to sort samples");
    }
    memcpy(sorted, s->ns + first, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_ns);
    rank = (size_t)((double)count * percentile / 100);
    at = sorted[rank < count ? rank : count - 1];
    free(sorted);
    return (double)at / 1000;
}

double samples_p50(const struct samples *s)
{
    return samples_percentile(s, 0, s->count, 50);
}

double samples_p99(const struct samples *s)
{
    return samples_percentile(s, 0, s->count, 99);
}

double samples_ratio(const struct samples *ours, const struct samples *theirs)
{
    /* The ratios go through the same percentile code, in units that the division cancels. */
    const double scale = 1e9;
    struct samples ratios = {0};
    double median;

    for (size_t round = 0; (round + 1) * ours->batch <= ours->count; round++) {
        double ratio = samples_percentile(ours, round * ours->batch, ours->batch, 50) /
                       samples_percentile(theirs, round * theirs->batch, theirs->batch, 50);

        samples_add(&ratios, (uint64_t)(ratio * scale));
    }
    median = samples_p50(&ratios) * 1000 / scale;
    samples_free(&ratios);
    return median;
}
