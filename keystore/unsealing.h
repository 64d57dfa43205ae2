/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_UNSEALING_H
#define KEYSTORE_UNSEALING_H

#include "request.h"

/*
 * The work that UNSEAL begins (ipc.h): one at a time, in small steps between other requests, so
 * that nobody waits for it.
 */

/* Handler (handlers.h) of UNSEAL; the answer has no body. */
enum err must_check handle_unseal(const struct request *request, struct wire_writer *answer);

/* Ends the work, if there is any: what it had is wiped, and UNSEALED says ERR_LOCKED. */
void unsealing_lock(void);

/* Is there a step to be made? */
bool unsealing_is_due(void);

/* What UNSEALED says. */
struct unsealed {
    uint64_t id;
    enum err err;
};

/*
 * One step, on the stack in the arena; only where it is due. True: it was the last, and *ret is to
 * be said. A key that was removed, replaced or is over (ms of CLOCK_BOOTTIME) meanwhile is
 * ERR_NOT_FOUND; what else it may be: ERR_PASSPHRASE, and as of unseal_result() and key_open().
 */
bool unsealing_step(uint64_t now, struct unsealed *ret);

#endif
