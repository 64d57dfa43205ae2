/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_REQUEST_H
#define KEYSTORE_REQUEST_H

#include "ipc.h"
#include "wire.h"

/*
 * A request of ipc.h that is handled, on the stack in the arena. A handler reads its body, writes
 * the body of the answer and returns what the answer says.
 */
struct request {
    struct wire_reader body;
    struct wire_writer *answer; /* what is in it counts with OK alone */
    bool protocol;              /* the agent's own bytes are malformed, which ends the process */
};

/* All was read; anything else is the agent's fault. */
static inline bool body_ends(struct request *request)
{
    request->protocol = wire_end(&request->body) != OK;
    return !request->protocol;
}

#endif
