/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KEYSTORE_CLIENT_H
#define AGENT_KEYSTORE_CLIENT_H

#include <sys/types.h>

#include "client.h"

struct keystore_events {
    /* Once, when it has closed its socket, or says what it may not say; every key is gone then. */
    void (*on_end)(const char *why);
    /* What came of an UNSEAL (ipc.h). */
    void (*on_unsealed)(uint64_t id, enum err err);
};

/*
 * Runs the keystore, traced (trace.h), and waits until it holds locked memory (ipc.h, HELLO).
 * side_fd becomes its IPC_SIDE_FD and stays the caller's; -1: it gets none. events are the
 * caller's and stay. ERR_SYSTEM after the reason was reported.
 */
enum err must_check keystore_start(bool foreground, int side_fd,
                                   const struct keystore_events *events);

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

/* A request of the agent's own, without a client; its owner keeps it until done was called. */
struct keystore_job {
    STAILQ_ENTRY(keystore_job) link;
    uint8_t op;
    uint8_t fields[KEYSTORE_FIELDS_MAX];
    size_t fields_len;
    void (*done)(struct keystore_job *job, enum err err, struct view answer);
    uint64_t id; /* the key it is about, for done */
};

/* Begins one: op, then the fields as the caller writes them to the writer. */
struct wire_writer keystore_job_fields(struct keystore_job *job, uint8_t op);

/* Queues it before all clients' requests. done is called later, never from here. */
void keystore_run(struct keystore_job *job, const struct wire_writer *fields);

/* Has the keystore wipe the keys whose time is over, as soon as it is free. */
void keystore_expire(void);

#endif
