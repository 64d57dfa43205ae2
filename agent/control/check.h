/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `split-ssh check`: walks the chain of this qube, one step after the other, and gathers findings.
 * A side is a table of steps. A step says each thing that it found with check_ok(), check_note() or
 * check_wrong(), and, where a command mends it, check_mend() after that; one finding at least.
 */
#ifndef CONTROL_CHECK_H
#define CONTROL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

#define CHECK_FINDINGS_MAX 192U /* of both sides; the longest table has a sixth of that */
#define CHECK_STEP_MAX     12U  /* of one step: a directory can be full of strange files */
#define CHECK_TEXT_MAX     512U /* bytes of a sentence or a command, with the NUL */
#define CHECK_NEEDS_MAX    3U

enum check_verdict {
    CHECK_OK,
    CHECK_NOTE,    /* worth knowing; nothing is broken */
    CHECK_WRONG,   /* broken; the exit status says so */
    CHECK_SKIPPED, /* cannot be told before an earlier step is mended */
};

/* Where a mending command has to be typed. */
enum check_where {
    CHECK_HERE, /* in a terminal of this qube, as the user who ran the check */
    CHECK_DOM0,
    CHECK_TEMPLATE, /* or in this qube, if it is a standalone one */
    CHECK_VAULT,    /* as the user of the vault that this client calls */
};

struct check_finding {
    const char *side; /* "vault", "client" */
    const char *step;
    enum check_verdict verdict;
    enum check_where where;    /* of mend */
    const char *cause;         /* CHECK_SKIPPED: the step that has to be mended first */
    char what[CHECK_TEXT_MAX]; /* one sentence, printable, without a full stop */
    char mend[CHECK_TEXT_MAX]; /* one line for a shell; empty: there is none */
};

struct check_report {
    unsigned count;
    struct check_finding findings[CHECK_FINDINGS_MAX];
};

/* What a step gets. */
struct check {
    struct check_report *report;
    const char *side;
    const char *step;
    unsigned count; /* findings of this step */
    bool left_out;  /* the last one, and so its mend */
};

struct check_step {
    const char *name; /* short and stable: scripts read it */
    /* Names of earlier steps of this table; if one is wrong or skipped, this one is skipped. */
    const char *needs[CHECK_NEEDS_MAX];
    void (*run)(struct check *check);
};

/* The tables; each ends with a step without a name. */
extern const struct check_step check_vault_steps[];
extern const struct check_step check_client_steps[];

/*
 * Adds a finding of the running step. Non-printable bytes become '?'; what is too long is cut;
 * past CHECK_STEP_MAX, findings are left out, and a mend with its finding.
 */
void check_ok(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_note(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_wrong(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The command that mends the last finding. Its paths have gone through check_quote(). */
void check_mend(struct check *check, enum check_where where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs the steps of a table in order. */
void check_run_steps(struct check_report *report, const char *side, const struct check_step *steps);

unsigned check_count(const struct check_report *report, enum check_verdict verdict);

/* Steps of both sides: is its service on (qvm-service); is this the user; is there a manager? */
void check_switch(struct check *check);
void check_user(struct check *check);
void check_manager(struct check *check);

/*
 * `split-ssh check`. ERR_DENIED: something is wrong, and was printed; or this qube has no side.
 */
enum err must_check check(const struct options *options);

#endif
