/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_CHILD_RUN_H
#define PROMPT_CHILD_RUN_H

#include <sys/types.h>

#include "child.h"
#include "prompt_ipc.h"
#include "wire.h"

/*
 * Runs `program what` with input (CHILD_INPUT_MAX bytes at most) on standard input, no other
 * descriptor but standard error, no signal blocked or ignored, in a process group of its own; it
 * gets SIGTERM when this process dies. The caller has *ret reaped by child_ended(). ERR_TOO_BIG;
 * ERR_SYSTEM: errno says why.
 */
enum err must_check child_run(const char *program, const char *what, struct view input, pid_t *ret);

/* A child that has a socket to us as standard input, and the writing end of a pipe as output. */
struct talking_child {
    pid_t pid;
    int socket; /* not waited for */
    int output; /* the pipe's reading end, not waited for either */
};

/*
 * The same for a child that is talked to: input (CHILD_INPUT_MAX bytes at most) is what it finds in
 * its socket first. The caller owns the descriptors, and has the pid reaped.
 */
enum err must_check child_run_talking(const char *program, const char *what, struct view input,
                                      struct talking_child *ret);

/*
 * Has it ended? Then it is reaped, and *ret_status is as of waitpid(2). Does not wait. What a
 * child that was killed has left in its group, a window perhaps, is ended too.
 */
bool child_ended(pid_t pid, int *ret_status);

/* Asks it to go. */
void child_withdraw(pid_t pid);

/* Ends it, and what it has started in its group. */
void child_kill(pid_t pid);

/*
 * What the status of an ended "ask" means: a verdict, and who gave it, as a string that stays. An
 * answer that was not offered is a failure. Pure.
 */
enum prompt_verdict child_verdict(int status, bool while_offered, const char **ret_by);

#endif
