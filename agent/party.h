/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PARTY_H
#define AGENT_PARTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "limits.h"
#include "policy.h"
#include "report.h"

struct client;
struct use;

TAILQ_HEAD(client_queue, client);
TAILQ_HEAD(use_queue, use);

#define RATE_SECONDS 60U

/* Uses in each of the last seconds. */
struct party_rate {
    uint64_t second; /* CLOCK_BOOTTIME: of the newest slot */
    uint32_t uses[RATE_SECONDS];
};

/*
 * Those whose clients compete: each qube is one, and so is the vault itself. Whatever is shared
 * (the loop, the keystore) is given to one party after the other, so that a party with a thousand
 * connections gets as much as one with a single connection.
 */
struct party {
    char name[QUBE_NAME_MAX + 1]; /* of the qube; "" for this vault */
    bool is_qube;
    unsigned clients;            /* connections */
    struct client_queue ready;   /* have something to read; client.h's ready_link */
    struct client_queue waiting; /* have a request for the keystore; client.h's waiting_link */
    unsigned in_keystore;        /* clients whose request the keystore has */
    unsigned frames_left;        /* of QUBE_BURST_FRAMES; see party_charge() */
    uint64_t filled_ms;          /* CLOCK_BOOTTIME: when frames_left was counted */
    bool throttled;              /* none is left: its ready clients wait for party_refill() */
    bool in_round;               /* has its turn in party_pop_ready() */
    struct report_bucket bucket;
    struct report_bucket audit_bucket; /* refusals in the audit log */
    struct rules rules;                /* of the policy that is in force; none for the vault */
    struct party_rate rate;
    struct use_queue questions; /* wait to be asked; use.h's link */
    unsigned questions_waiting;
    unsigned unanswered;   /* questions in a row that nobody answered */
    unsigned fruitless;    /* ... and that were withdrawn, or could not be asked */
    uint64_t cool_until;   /* ms of CLOCK_BOOTTIME; asks nothing before */
    bool in_question_turn; /* has its turn in question.c */
    TAILQ_ENTRY(party) all_link;
    TAILQ_ENTRY(party) ready_link;
    TAILQ_ENTRY(party) throttled_link;
    TAILQ_ENTRY(party) waiting_link;
    TAILQ_ENTRY(party) question_link;
};

/* Programs in the vault. */
struct party *party_local(void);

/* Connections that have not said yet which qube they are. */
struct party *party_unidentified(void);

/*
 * The qube of this name (at most QUBE_NAME_MAX bytes), made if it is new. NULL: no memory, or
 * QUBES_MAX qubes have connections. Stays with this module; is kept at least while clients > 0.
 */
struct party *party_qube(const char *name);

/* The next of all qubes that are known, after one, or the first after NULL; NULL at the end. */
struct party *party_next(struct party *party);

/* A policy was read: the rules of every qube, and of those to come, are its. */
void party_apply_policy(const struct policy *policy);

/* Uses of the party in the minute before now (ms of CLOCK_BOOTTIME); one more. */
unsigned party_recent_uses(struct party *party, uint64_t now);
void party_count_use(struct party *party, uint64_t now);

/* For log lines: `qube dev`, `local` or `unidentified qube`. Valid until the next call. */
const char *party_label(const struct party *party);

/* Something for one client of the party to do; at the end of its queue and of the round. */
void party_push_ready(struct party *party, struct client *client);
void party_push_waiting(struct party *party, struct client *client);

/* Out of the queue, from anywhere. */
void party_drop_ready(struct party *party, struct client *client);
void party_drop_waiting(struct party *party, struct client *client);

/* The next client in turn, taken from its queue; NULL if there is none. */
struct client *party_pop_ready(void);
struct client *party_pop_waiting(void);

/* Does a client of the party, other than one that was just taken from a queue, wait for us? */
bool party_is_busy(const struct party *party);

/*
 * The party had a frame handled while it was busy, or one that is work. Others, one after the
 * other, cost nothing; one beside others, as in a flood over many connections, costs a qube one of
 * its QUBE_BURST_FRAMES. Without any left it waits QUBE_FRAME_FILL_MS for each.
 */
void party_charge(struct party *party);

/* Throttled parties whose time has come are in the round again; ms until the next, or -1. */
int party_refill(uint64_t now);

/* How many parties have a client in the queue: what one round over all of them means. */
unsigned party_count_ready(void);

/* Says it about a party, at a rate that the party cannot choose. */
#define report_party(party, ...) report_limited(&(party)->bucket, party_label(party), __VA_ARGS__)

#endif
