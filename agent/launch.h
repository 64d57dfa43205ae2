/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_LAUNCH_H
#define AGENT_LAUNCH_H

#include "options.h"

/* How the agent goes on after its start: in the fore- or background, or beside a command. */
struct launch {
    int ready_fd;  /* background, command: who started us waits here; -1 otherwise */
    int null_fd;   /* background, command: /dev/null, opened while files can be opened; or -1 */
    int parent_fd; /* command: a pidfd of the process that is the command; -1 otherwise */
};

/*
 * Foreground: prints the environment and returns. Background and command: forks; returns in the
 * child, and the parent waits until the child is ready, then prints the environment or becomes the
 * command. *ret_status is for the process that gets false: it ends with it.
 */
bool launch(const struct options *options, const char *socket, struct launch *ret, int *ret_status);

/* The agent serves: lets the parent go on, and what was our terminal go. */
void launch_ready(struct launch *launch);

/* -k: ends the agent of SSH_AGENT_PID and prints how to forget it. Returns the exit status. */
int launch_kill(const struct options *options);

#endif
