/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_LISTENER_H
#define AGENT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "loop.h"
#include "options.h"
#include "unix_socket.h"

struct listener {
    struct source source; /* the socket's descriptor; -1 if there is none */
    struct unix_socket socket;
    bool qrexec;
    struct agent *agent; /* whose clients come here; NULL: qubes, who say it themselves */
    bool paused;         /* no descriptors left: connections wait in the kernel's queue */
    uint64_t retry_ms;   /* CLOCK_BOOTTIME: when to look again */
};

struct listeners {
    struct listener agent;
    struct listener qrexec;
    struct listener named[AGENTS_MAX];
    size_t named_count;
    bool watched;                  /* clients are let in */
    char directory[UNIX_PATH_MAX]; /* made for the agent's socket alone; "" if there is none */
    char runtime[UNIX_PATH_MAX];   /* where NAME.sock is; "" if no agent is to be there */
};

/*
 * Opens both sockets as the options say: systemd's, those of -a and -q, or one in a fresh directory
 * (ssh-agent(1)). On failure the reason was reported, and nothing is left behind.
 */
enum err must_check listeners_open(struct listeners *listeners, const struct options *options);

/* Starts to accept, for this agent, for those that were added, and for qubes. ERR_SYSTEM. */
enum err must_check listeners_watch(struct listeners *listeners, struct agent *agent);

/*
 * One more agent, whose socket NAME.sock in the runtime directory fd listens on; accepts as soon as
 * the others do. Takes fd over. ERR_TOO_MANY, ERR_SYSTEM.
 */
enum err must_check listeners_add(struct listeners *listeners, struct agent *agent, int fd);

/* Tries again to accept, if its time has come; returns ms until then, -1 for never. */
int listeners_resume(struct listeners *listeners, uint64_t now);

/* Removes the sockets and the directory, as far as they are still ours. */
void listeners_close(struct listeners *listeners);

#endif
