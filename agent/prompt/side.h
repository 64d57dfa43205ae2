/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_SIDE_H
#define PROMPT_SIDE_H

#include "side_ipc.h"
#include "tickets.h"
#include "wire.h"

/* The prompt's end of the side channel (side_ipc.h), which is never waited for. */
struct side {
    int fd;
    bool blocked; /* is full: nothing is sent until side_unblock() */
    bool dead;
    struct tickets tickets;
};

enum side_sent {
    SIDE_SENT,
    SIDE_FULL,   /* to be tried again once it is not blocked */
    SIDE_DEAD,   /* the keystore is gone, which was logged once */
    SIDE_FAILED, /* this packet cannot be sent; errno says why */
};

/* A FILE packet; fd stays the caller's. */
struct side_file {
    int fd;
    bool confirm;
    uint32_t life; /* seconds, or SIDE_NO_LIFE */
    struct view public_blob, certificate, comment;
};

/* Takes over fd, whatever it is. */
void side_start(struct side *s, int fd);

/* The ticket of the next packet. */
uint64_t side_next_ticket(const struct side *s);

enum side_sent side_send_file(struct side *s, const struct side_file *file);

/* fd, the reading end of a pipe, stays the caller's. */
enum side_sent side_send_passphrase(struct side *s, int fd);

/* A TAKEN of the agent. ERR_MALFORMED: there never was such a ticket. */
enum err must_check side_taken(struct side *s, uint64_t ticket);

/* Sends what waits. */
void side_go_on(struct side *s);

/* The descriptor takes packets again, or is closed. */
void side_unblock(struct side *s);

#endif
