/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_PASSPHRASES_H
#define PROMPT_PASSPHRASES_H

#include "child_run.h"
#include "message.h"
#include "side.h"

#define PASSPHRASE_CHILDREN_MAX 4U /* one that is open, and those that still ask "remember?" */

/* A SECRET of prompt_ipc.h. */
struct secret {
    uint32_t serial;
    enum prompt_verdict verdict; /* PROMPT_ALLOW_ONCE, or why there is none */
    uint64_t ticket;
    bool stored;
};

enum passphrase_state {
    PASSPHRASE_FREE = 0,
    PASSPHRASE_ASKING,  /* nothing has come from the child */
    PASSPHRASE_WAITING, /* the passphrase is in the pipe, the keystore does not take it yet */
    PASSPHRASE_TRYING,  /* SECRET was sent, OPENED has not come */
    PASSPHRASE_LEAVING, /* it is over for the agent, the child still runs */
};

/*
 * Passphrases, a child each (child.h). What is in the pipe between a child and the keystore is not
 * read here. Times are ms of CLOCK_BOOTTIME; program is as in questions.h, side the caller's.
 */
struct passphrases {
    const char *program;
    struct side *side;
    struct passphrase {
        enum passphrase_state state;
        uint32_t serial;
        struct talking_child child; /* pid 0: it has ended; descriptors are -1 when closed */
        bool stored;
        bool expired;
        uint64_t deadline; /* UINT64_MAX: none, or it was killed */
    } open[PASSPHRASE_CHILDREN_MAX];
};

/* May passphrases_ask() be called? Not while those that were to end have not. */
bool passphrases_have_room(const struct passphrases *p);

/*
 * Asks. *ret_now: it could not be asked, and *ret is the answer. ERR_MALFORMED: another one is
 * open.
 */
enum err must_check passphrases_ask(struct passphrases *p, const struct passphrase_request *request,
                                    uint64_t now, struct secret *ret, bool *ret_now);

/* An OPENED; of an unknown serial nothing happens. */
void passphrases_opened(struct passphrases *p, uint32_t serial, bool right, uint64_t now);

/* A CANCEL; the same. */
void passphrases_cancel(struct passphrases *p, uint32_t serial, uint64_t now);

/* The next answer; false: there is none now. Reaps. */
bool passphrases_next(struct passphrases *p, struct secret *ret);

/* Ends what has taken too long; an answer comes as always. */
void passphrases_expire(struct passphrases *p, uint64_t now);

/* When passphrases_expire() has something to do; UINT64_MAX: never. */
uint64_t passphrases_deadline(const struct passphrases *p);

/* What to wait for in order to call passphrases_next(), beside the end of children; or -1. */
int passphrases_descriptor(const struct passphrases *p);

/* Withdraws all, without an answer. */
void passphrases_end(struct passphrases *p);

#endif
