/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_QUESTIONS_H
#define PROMPT_QUESTIONS_H

#include <sys/types.h>

#include "approval.h"
#include "message.h"

/* An ANSWER of prompt_ipc.h. */
struct answer {
    uint32_t serial;
    enum prompt_verdict verdict;
    uint8_t approval[APPROVAL_SIZE];
    size_t approval_len; /* 0 or APPROVAL_SIZE */
    const char *by;      /* stays */
};

/*
 * The questions that are open, a child each. Times are ms of CLOCK_BOOTTIME. program is what the
 * children run: split-ssh-prompt-child, but in tests.
 */
struct asked;
struct questions {
    const char *program;
    struct asked *asked[PROMPT_CHILDREN_MAX];
};

/* May questions_ask() be called? Not while too many withdrawn ones are on their way out. */
bool questions_have_room(const struct questions *qs);

/*
 * Asks; body is a whole ASK, copied. *ret_now: it could not be asked, and *ret is the answer.
 * ERR_MALFORMED, ERR_TOO_BIG: it is no ASK, its serial is in use, or too many are open.
 */
enum err must_check questions_ask(struct questions *qs, struct view body, uint64_t now,
                                  struct answer *ret, bool *ret_now);

/* Withdraws a question; of an unknown serial nothing happens: the answer crossed it. */
void questions_cancel(struct questions *qs, uint32_t serial, uint64_t now);

/* The next answer of a child that has ended; false: there is none now. */
bool questions_next_answer(struct questions *qs, uint64_t now, struct answer *ret);

/* Ends what has taken too long; its answer comes as that of every child. */
void questions_expire(struct questions *qs, uint64_t now);

/* When questions_expire() has something to do; UINT64_MAX: never. */
uint64_t questions_deadline(const struct questions *qs);

/* Withdraws all, without an answer, and frees them. */
void questions_end(struct questions *qs);

#endif
