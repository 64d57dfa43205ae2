/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_BUBBLES_H
#define PROMPT_BUBBLES_H

#include <sys/types.h>

#include "prompt_ipc.h"
#include "wire.h"

/*
 * Bubbles: a child each, BUBBLES_MAX in BUBBLES_MS. What comes beyond that is counted, and said as
 * one bubble. Times are ms of CLOCK_BOOTTIME; program is as in questions.h.
 */
struct bubble {
    pid_t pid;         /* 0: no child */
    uint64_t free_at;  /* the place can be used again */
    uint64_t deadline; /* of the child; UINT64_MAX: it was killed */
};

struct bubbles {
    const char *program;
    char vault[65]; /* the name of this qube, which stands before each text; "" for none */
    size_t missed;  /* not shown yet */
    struct bubble places[BUBBLES_MAX];
};

/* Shows text, PROMPT_TEXT_MAX bytes at most, or counts it. A bubble that fails is only logged. */
void bubbles_tell(struct bubbles *b, struct view text, uint64_t now);

/* Reaps, ends what takes too long, says what was missed when there is room. */
void bubbles_go_on(struct bubbles *b, uint64_t now);

/* When bubbles_go_on() has something to do without a child's end; UINT64_MAX: never. */
uint64_t bubbles_deadline(const struct bubbles *b);

#endif
