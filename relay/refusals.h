/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections whose call was refused. Their requests are read, counted and thrown away, and each
 * is answered with FAILURE, so that ssh-add says "agent refused operation". They stay open until
 * the client closes: a unix socket that is closed with unread bytes gives the client ECONNRESET in
 * place of the answer.
 *
 * A client may not have sent its request yet (ssh -A), or the qrexec client may have taken it: 127
 * and 125 reach it from the vault, after it began to read. Nobody here can tell which. So a
 * connection on which nothing waits gets one FAILURE in advance, after REFUSAL_WAIT_MS: whatever
 * the client asked or will ask finds an answer.
 */
#ifndef RELAY_REFUSALS_H
#define RELAY_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#define REFUSALS_MAX     64U
#define REFUSAL_WAIT_MS  200
#define REFUSAL_LIMIT_MS 30000

struct refusal {
    int64_t close_at;  /* now_ms(); 0: the slot is free */
    int64_t answer_at; /* the answer in advance, or NEVER */
    int fd;            /* owned */
    unsigned head;     /* bytes of the length word so far */
    uint32_t left;     /* bytes of the request after it */
    uint8_t length[4];
};

struct refusals {
    struct refusal refusal[REFUSALS_MAX];
    int epoll;
};

/* Takes the connection over; the oldest one makes room if need be. */
void refusals_add(struct refusals *refusals, int fd, int64_t now);

/* There is something to read on a refused connection. */
void refusals_read(struct refusals *refusals, unsigned index);

/* Answers and closes what is due; returns when the next one is, or NEVER. */
int64_t refusals_expire(struct refusals *refusals, int64_t now);

/* Closes the oldest one, to free its descriptor. False if there is none. */
bool refusals_drop_oldest(struct refusals *refusals);

/* Closes all. */
void refusals_close(struct refusals *refusals);

#endif
