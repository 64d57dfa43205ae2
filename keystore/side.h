/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_SIDE_H
#define KEYSTORE_SIDE_H

#include "packet.h"

/* The keystore's end of the side channel (side_ipc.h), and what came over it and was not taken. */

struct ticket {
    struct packet packet; /* FILE or PASSPHRASE */
    uint8_t *bytes;       /* what its views point into, on the heap */
    int fd;
};

/* Does poll(2) on IPC_SIDE_FD tell anything? Not after the prompt's end. */
bool side_is_open(void);

/*
 * Reads the packets that are there, without waiting for more: as many as there can be when it is
 * called, and not for ever while more come. The end of the channel is none of ours: it is closed,
 * and what came over it stays. Without memory a ticket is forgotten at once. ERR_MALFORMED: bytes
 * that are no packet, not the descriptors that belong to it, or the number of a ticket that is
 * there; ERR_SYSTEM. After an error the process must not go on.
 */
enum err must_check side_receive(void);

/* The ticket of this number and type, which is the caller's then (ticket_free); ERR_NOT_FOUND. */
enum err must_check side_take(enum side_message type, uint64_t number, struct ticket *ret);

/* Closes the descriptor and frees the bytes. */
void ticket_free(struct ticket *ticket);

#endif
