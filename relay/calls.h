/* SPDX-License-Identifier: BSD-2-Clause */
/* The running calls: one child and the connection that it serves. */
#ifndef RELAY_CALLS_H
#define RELAY_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "options.h"

#define CALL_GRACE_MS                                                                              \
    500                   /* the child sees by itself that its client is gone, and ends in order   \
                           */
#define CALL_TERM_MS 2000 /* from SIGTERM to SIGKILL */

enum call_state {
    CALL_RUNNING,
    CALL_GONE,  /* the client has closed its end */
    CALL_TERM,  /* SIGTERM was sent */
    CALL_KILLED /* SIGKILL was sent */
};

struct call {
    pid_t pid; /* 0: the slot is free */
    int fd;    /* the connection, owned */
    enum call_state state;
    int64_t deadline; /* now_ms() of the next step, or NEVER */
};

struct calls {
    struct call call[CALLS_MAX];
    unsigned running;
    int epoll;
};

/* Enters a call; there must be a free slot. Takes fd over and watches it for the client's end. */
void calls_add(struct calls *calls, pid_t pid, int fd);

/* The call of a child, or NULL. */
struct call *calls_find(struct calls *calls, pid_t pid);

/* Frees the slot of a child that was reaped; the connection becomes the caller's. */
int calls_remove(struct calls *calls, struct call *call);

/* The client of a call is gone: its child gets CALL_GRACE_MS. */
void calls_client_gone(struct calls *calls, unsigned index, int64_t now);

/* Sends the signals that are due; returns when the next one is, or NEVER. */
int64_t calls_expire(struct calls *calls, int64_t now);

/* Ends and reaps every child: SIGTERM, then SIGKILL. SIGCHLD must be blocked. */
void calls_end_all(struct calls *calls);

#endif
