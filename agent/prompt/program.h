/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs another program, an askpass or ssh-keygen, that is ended when its time is over. */
#ifndef PROMPT_PROGRAM_H
#define PROMPT_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define PROGRAM_EXEC_FAILED 127

struct program {
    const char *path;
    char *const *argv;
    char *const *environment;
    int out;      /* its standard output; -1: /dev/null */
    int inherits; /* one more descriptor that it keeps, with its number; -1: none */
    bool quiet;   /* its standard error is /dev/null */
    /*
     * What it has started in its turn is ended too, since windows may be left else: the caller
     * becomes the leader of a process group, and all of that is ended but the caller.
     */
    bool group;
};

enum program_end { PROGRAM_ENDED, PROGRAM_LATE, PROGRAM_WITHDRAWN };

/*
 * Runs it until it ends, until deadline (ms of CLOCK_BOOTTIME), or until withdrawn
 * (withdrawal_watch(), whose signals are therefore blocked) is readable; then it is ended. It gets
 * no signal mask, standard input is /dev/null, and SIGTERM comes when this process dies.
 * *ret_status is as of waitpid(2). ERR_SYSTEM, with a log line: it could not be started or watched.
 */
enum err must_check program_run(const struct program *program, uint64_t deadline, int withdrawn,
                                enum program_end *ret, int *ret_status);

#endif
