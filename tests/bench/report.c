/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "bench.h"

static const char dashes[] = "------------------------------------------------";

void report_title(const char *title, const char *ours, const char *theirs)
{
    printf("\n%-48s | %14s | %14s | %6s | %6s | met\n", title, ours, theirs, "ratio", "target");
    printf("%.48s-|-%.14s-|-%.14s-|-%.6s-|-%.6s-|----\n", dashes, dashes, dashes, dashes, dashes);
}

void report_row(struct report *report, const char *what, double ours, double theirs, double value,
                double target)
{
    bool met = value <= target;

    if (target == NO_TARGET) {
        printf("%-48s | %14.1f | %14.1f | %6.3f | %6s | -\n", what, ours, theirs, value, "-");
        fflush(stdout);
        return;
    }
    printf("%-48s | %14.1f | %14.1f | %6.3f | %6.3f | %s\n", what, ours, theirs, value, target,
           met ? "yes" : "NO");
    fflush(stdout);
    if (!met) {
        report->missed++;
    }
}

void report_compare(struct report *report, const struct plan *plan, const char *what,
                    const struct side *ours, const struct side *theirs, double target)
{
    struct samples a = {0};
    struct samples b = {0};

    interleave(plan, ours, theirs, &a, &b);
    report_row(report, what, samples_p50(&a), samples_p50(&b), samples_ratio(&a, &b, plan->batch),
               target);
    samples_free(&a);
    samples_free(&b);
}
