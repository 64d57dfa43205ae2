/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_IPC_SIDE_H
#define FUZZ_IPC_SIDE_H

#include "fuzz.h"
#include "side_ipc.h"

/* The prompt's end of the side channel, for the target ipc: one for all inputs. */

/* What comes with a packet. */
enum side_descriptor {
    SIDE_REGULAR, /* a file with these bytes */
    SIDE_PIPE,    /* a pipe with these bytes that nobody writes to any more */
    SIDE_OPEN,    /* ... that somebody may write to */
    SIDE_SOCKET,  /* something else */
    SIDE_ABSENT,  /* nothing */
    SIDE_TWO,     /* two files */
    SIDE_DESCRIPTORS,
};

/* Makes the keystore's end IPC_SIDE_FD. False after a message. */
bool side_start(void);

/* A packet as it is given, with descriptors for these bytes. */
void side_send(struct view packet, enum side_descriptor kind, struct view bytes);

/* The ticket's number is one that the keystore may have, until side_clear(). */
void side_expect(uint64_t ticket);

/* Nothing of it is left, in the socket or in the keystore. */
void side_clear(void);

#endif
