/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KEYSTORE_CLIENT_H
#define AGENT_KEYSTORE_CLIENT_H

#include <sys/types.h>

#include "client.h"

/*
 * Runs the keystore, traced (trace.h), and waits until it holds locked memory (ipc.h, HELLO).
 * token_fd becomes its IPC_TOKEN_FD and stays the caller's; -1: it gets none. Calls on_end once
 * when it has closed its socket, or says what it may not say; every key is gone then. ERR_SYSTEM
 * after the reason was reported.
 */
enum err must_check keystore_start(bool foreground, int token_fd, void (*on_end)(const char *why));

/* What the keystore said of its memory and its sandbox, for people. */
const char *keystore_memory(void);
const char *keystore_sandbox(void);

/*
 * Closes the socket, which is the keystore's end, and waits for it: a second at most, since one
 * that is stopped is killed by the kernel when we exit. Returns its wait status, -1 if it has not
 * ended.
 */
int keystore_stop(void);

/*
 * Queues the client's request, which is filled in, behind those of its own party; parties take
 * turns, and one request is under way at a time. Its done() is called later, never from here.
 */
void keystore_submit(struct client *client);

/* Fills in a request: op, then the fields as the caller writes them to the writer. */
struct wire_writer keystore_fields(struct client *client, uint8_t op);
void keystore_request(struct client *client, const struct wire_writer *fields, struct view bytes,
                      void (*done)(struct client *client, enum err err, struct view answer));

/* Has the keystore wipe the keys whose time is over, as soon as it is free. */
void keystore_expire(void);

#endif
