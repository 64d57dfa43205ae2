/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "log.h"

static void __attribute__((format(printf, 3, 0)))
add(struct check *check, enum check_verdict verdict, const char *format, va_list args)
{
    struct check_report *report = check->report;
    struct check_finding *finding = &report->findings[report->count];
    char text[CHECK_TEXT_MAX];

    check->left_out = check->count == CHECK_STEP_MAX || report->count == CHECK_FINDINGS_MAX;
    if (check->left_out) {
        return;
    }
    vsnprintf(text, sizeof text, format, args);
    *finding = (struct check_finding){.side = check->side, .step = check->step, .verdict = verdict};
    log_clean(finding->what, sizeof finding->what, text, strlen(text));
    report->count++;
    check->count++;
}

void check_ok(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(check, CHECK_OK, format, args);
    va_end(args);
}

void check_note(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(check, CHECK_NOTE, format, args);
    va_end(args);
}

void check_wrong(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(check, CHECK_WRONG, format, args);
    va_end(args);
}

static void __attribute__((format(printf, 2, 3))) skip(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(check, CHECK_SKIPPED, format, args);
    va_end(args);
}

void check_mend(struct check *check, enum check_where where, const char *format, ...)
{
    struct check_report *report = check->report;
    struct check_finding *finding = &report->findings[report->count - 1];
    va_list args;
    int n;

    if (check->left_out) {
        return;
    }
    va_start(args, format);
    n = vsnprintf(finding->mend, sizeof finding->mend, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof finding->mend) {
        finding->mend[0] = '\0'; /* half a command mends nothing */
    }
    finding->where = where;
}

/* The step that has to be mended before one of this name can be looked at; NULL: none. */
static const char *find_cause(const struct check *check, const char *step)
{
    const struct check_report *report = check->report;

    for (unsigned i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];

        if (strcmp(finding->side, check->side) != 0 || strcmp(finding->step, step) != 0) {
            continue;
        }
        if (finding->verdict == CHECK_WRONG || finding->verdict == CHECK_SKIPPED) {
            return finding->verdict == CHECK_WRONG ? finding->step : finding->cause;
        }
    }
    return NULL;
}

void check_run_steps(struct check_report *report, const char *side, const struct check_step *steps)
{
    struct check check = {.report = report, .side = side};

    for (const struct check_step *step = steps; step->name != NULL; step++) {
        const char *cause = NULL;

        for (unsigned i = 0; i < CHECK_NEEDS_MAX && cause == NULL; i++) {
            cause = step->needs[i] != NULL ? find_cause(&check, step->needs[i]) : NULL;
        }
        check.step = step->name;
        check.count = 0;
        if (cause == NULL) {
            step->run(&check);
        } else {
            unsigned at = report->count;

            skip(&check, "not looked at: mend %s first", cause);
            if (report->count > at) {
                report->findings[at].cause = cause;
            }
        }
    }
}

unsigned check_count(const struct check_report *report, enum check_verdict verdict)
{
    unsigned count = 0;

    for (unsigned i = 0; i < report->count; i++) {
        count += report->findings[i].verdict == verdict;
    }
    return count;
}
