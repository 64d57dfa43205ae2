/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CLIENT_H
#define AGENT_CLIENT_H

#include "agents.h"
#include "assembly.h"
#include "bind.h"
#include "loop.h"
#include "party.h"
#include "proto.h"

/*
 * One connection. It reads one frame, waits for its answer, writes it, and only then reads the
 * next, so that a client which never reads its answers holds one answer and no more.
 */
enum client_state {
    CLIENT_DESCRIPTOR, /* qrexec: who calls */
    CLIENT_HEADER,     /* length and type of a frame */
    CLIENT_BODY,       /* the rest of it */
    CLIENT_WAITING,    /* a whole frame; the answer is not there yet */
    CLIENT_ANSWERING,  /* the socket did not take all of the answer */
    CLIENT_CLOSED,     /* gone; freed when the keystore has done with its body */
};

/* What happens to the body of a frame; which it is follows from its type (dispatch.c). */
enum client_body {
    BODY_KEEP,   /* read into ordinary memory */
    BODY_SECRET, /* read into the intake buffers */
    BODY_DROP,   /* thrown away: the answer is FAILURE, whatever it says */
};

/* SIGN's: key, flags, qube, approval. */
#define KEYSTORE_FIELDS_MAX (8U + 4U + 4U + QUBE_NAME_MAX + 4U + 64U)

/* What a client waits for from the keystore (keystore_client.c). */
struct keystore_request {
    uint8_t op;
    uint8_t fields[KEYSTORE_FIELDS_MAX]; /* what the agent puts before the client's bytes */
    size_t fields_len;
    struct view bytes; /* of the client's body, which is kept until done is called */
    /* Called with the answer; also for a client that has gone by then. */
    void (*done)(struct client *client, enum err err, struct view answer);
    uint64_t id; /* the key it is about, for done */
};

struct client {
    struct source source;
    struct party *party; /* never NULL */
    enum client_state state;
    bool qrexec;      /* came in on the qrexec socket */
    bool refused;     /* asks for an agent that is not here: FAILURE, then the end */
    bool last_answer; /* closes when the answer is out */
    bool readable;    /* edge-triggered: true until a read finds nothing */
    bool hangup;      /* the peer has closed its side: read on until the end */
    bool gone;        /* ... and reads no answer */
    bool is_ready;    /* in its party's ready queue */
    bool is_waiting;  /* in its party's queue for the keystore */
    bool is_guessing; /* in lock_state.c's queue of passphrases, by its waiting_link */
    bool is_awaiting; /* in await.c's queue for a key, by its waiting_link */
    bool has_awaited; /* its request has waited long enough for a key */
    bool is_parked;   /* waits for an intake buffer, by its ready_link */
    bool in_keystore; /* its request is being sent or answered */

    struct assembly frame;
    enum client_body body_kind;

    uint8_t *own_answer; /* what the socket did not take; NULL if it is shared or static */
    struct answer *shared_answer;
    const uint8_t *answer;
    size_t answer_left;

    struct keystore_request request;
    struct bindings *bindings; /* NULL before the first session-bind */
    struct use *use;           /* the signature that is asked for; NULL if none */
    struct client_uses *uses;  /* that were allowed; NULL before the first */
    struct agent *agent;       /* whose keys it has; NULL before the descriptor, or if refused */
    const char *agent_name;    /* as it asked for it: "" for the default one */
    uint64_t since;            /* ms of CLOCK_BOOTTIME: accepted, or the last whole frame */
    uint64_t await_until;      /* ms of CLOCK_BOOTTIME, while it is_awaiting */
    uint64_t deadline;         /* ms of CLOCK_BOOTTIME: when it has been idle for too long */

    TAILQ_ENTRY(client) all_link;
    TAILQ_ENTRY(client) ready_link;
    TAILQ_ENTRY(client) waiting_link;
    TAILQ_ENTRY(client) timed_link;
    struct client_queue *timed_in; /* those who may time out, by deadline; NULL: not now */
};

/* The body of the frame that is being answered. */
static inline struct view client_body(const struct client *client)
{
    return (struct view){client->frame.body,
                         client->frame.body != NULL ? client->frame.body_have : 0};
}

static inline uint8_t client_message(const struct client *client)
{
    return client->frame.header[4];
}

/*
 * Takes an accepted, non-blocking descriptor over. False, with the descriptor closed, when there is
 * no memory for one more.
 */
bool client_accept(int fd, bool qrexec, struct agent *agent);

/* The descriptor of qrexec was read: from now on the client is one of this party's. */
void client_identify(struct client *client, struct party *party);

/* Puts a client that has something to read into its party's queue, unless it is there. */
void client_make_ready(struct client *client);

/* A whole frame is there: the client's time stands still until it has its answer. */
void client_begin_request(struct client *client);

/*
 * The answers. Each gives the body back and ends the frame; the next one is then read. Of a client
 * that is closed, nothing happens. len includes the length word; bytes are copied if they must be
 * kept. client_answer_shared() takes over one use of the answer.
 */
void client_answer_status(struct client *client, enum agent_message status);
void client_answer_bytes(struct client *client, const uint8_t *bytes, size_t len);
void client_answer_shared(struct client *client, struct answer *answer);

/* Ends the connection now. The struct lives until the end of the round, at least. */
void client_close(struct client *client);

/* How many there are: programs in the vault; calls from qubes; of these, without a descriptor. */
unsigned client_count_local(void);
unsigned client_count_qrexec(void);
unsigned client_count_unidentified(void);

/* Closes the connection that has waited longest with its descriptor. */
void client_evict_unidentified(void);

/* Closes what has been idle too long at now (ms of CLOCK_BOOTTIME); ms until the next, or -1. */
int client_expire(uint64_t now);

/* At the end of the program: closes and frees every client; what is in its memory is wiped. */
void client_close_all(void);

/* Frees what was closed and is not in the keystore's hands. At the end of each round. */
void client_free_closed(void);

#endif
