/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_CONNECTION_H
#define FUZZ_CONNECTION_H

#include "around_agent.h"

/*
 * A client's end of a connection to the agent, which counts its own requests and looks at each
 * answer: one for each request, in their order.
 */

#define CONNECTIONS 8U

struct connection;

/* In place of the one with this number. small: the agent's socket takes few bytes at once. */
void connection_open(size_t number, bool qrexec, bool small);

/* What it sends from now on, after what it sends already; cut off where there is no room. */
void connection_send(size_t number, struct view bytes);

/* Does not read from now on; or does. */
void connection_stop_reading(size_t number, bool stop);

/* Ends writing, or all of it. */
void connection_shutdown(size_t number);
void connection_close(size_t number);

/* The most bytes that each sends in a turn; 0 for all. */
void connection_cut(size_t most);

/* Each sends and reads. */
void connection_turn(void);

/* Does any wait for an answer, or have something to send, and is not closed? */
bool connection_any_waits(void);

#endif
