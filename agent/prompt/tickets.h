/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_TICKETS_H
#define PROMPT_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

enum ticket_kind { TICKET_KEY, TICKET_SECRET };

/* The tickets of side_ipc.h that the keystore may still have, the oldest first. Pure. */
struct tickets {
    uint64_t last; /* the one that was given last; none is used twice */
    size_t count;
    struct {
        uint64_t number;
        enum ticket_kind kind;
        bool taken; /* the keystore is still to be told */
    } open[TICKETS_MAX];
};

/* The number that tickets_open() will give. */
uint64_t tickets_next(const struct tickets *t);

/* It was sent. Of more than TICKETS_MAX the oldest is forgotten, as the keystore does. */
void tickets_open(struct tickets *t, enum ticket_kind kind);

/*
 * A TAKEN of the agent; one that is not open any more is no matter. ERR_MALFORMED: there never was
 * such a ticket.
 */
enum err must_check tickets_take(struct tickets *t, uint64_t number);

/* How many KEYs are without a TAKEN. */
size_t tickets_ahead(const struct tickets *t);

/* A ticket that was taken, which the keystore is to be told; false: there is none. */
bool tickets_to_drop(const struct tickets *t, uint64_t *ret);

/* It was told, or the ticket is of no use for another reason. */
void tickets_forget(struct tickets *t, uint64_t number);

#endif
