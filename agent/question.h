/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_QUESTION_H
#define AGENT_QUESTION_H

#include "use.h"

/*
 * Questions to the user: one is on the screen at a time, parties take turns, and a qube may have
 * QUESTIONS_PER_QUBE_MAX more that wait. Before a question is shown the policy is asked again: an
 * answer to an earlier one may have settled it.
 */

#define QUESTION_COOLING "nobody answered its last questions, so it may ask none for a while"

/*
 * Queues the use; sign_answered() or sign_settled() is called for it later, or now. Returns NULL,
 * or why it is refused at once (a static phrase).
 */
const char *question_ask(struct use *use);

/* The client of the use has gone. */
void question_drop(struct use *use);

/* From the prompt (prompt_client.h). */
void question_answered(uint32_t answered, const struct prompt_answer *answer);
void question_prompt_ended(void);

/* What is due at now (ms of CLOCK_BOOTTIME); ms until the next, or -1. */
int question_step(uint64_t now);

/* Does the qube ask nothing for now, since nobody answered? ms of CLOCK_BOOTTIME. */
bool question_is_cooling(const struct party *party, uint64_t now);

/*
 * What came of showing the qube's wish for a key in another way than by a question of this module:
 * it counts alike, and too many that come to nothing cool the qube down.
 */
void question_came_to(struct party *party, enum prompt_verdict verdict);

/* The last question could not be asked at all, and that is the answer it got; else PROMPT_DENY. */
enum prompt_verdict question_problem(void);

/* How many wait, the one that is shown included. */
unsigned question_count(void);

#endif
