/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: accepts connections of our own user, starts a call for each and hands refused
 * ones to refusals.h. Everything that lasts is in this one struct, of fixed size.
 */
#ifndef RELAY_LOOP_H
#define RELAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "client_config.h"
#include "err.h"
#include "notices.h"
#include "options.h"
#include "qrexec.h"
#include "refusals.h"

struct relay {
    const struct options *options;
    const struct client_call *destination;
    struct qrexec qrexec;
    struct calls calls;
    struct refusals refusals;
    struct notices notices;
    int listener;
    int epoll;
    int signals;          /* signalfd(2) */
    bool accepting;       /* the listener is watched */
    bool end;             /* SIGTERM, SIGINT or SIGHUP came */
    int64_t paused_until; /* no descriptors or memory: no accept before that */
    int64_t now;          /* now_ms() of this round */
};

/*
 * Prepares a relay for a listening, non-blocking socket, which stays the caller's, as the options
 * and the destination do. Blocks signals. ERR_SYSTEM with errno.
 */
enum err must_check relay_open(struct relay *ret_relay, const struct options *options,
                               const struct client_call *destination, int listener);

/* Serves until a signal asks for the end. ERR_SYSTEM with errno if epoll itself fails. */
enum err must_check relay_run(struct relay *relay);

/* Ends all calls and closes all connections. */
void relay_close(struct relay *relay);

#endif
