/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum run_mode {
    RUN_BACKGROUND, /* print the environment, go on in the background */
    RUN_COMMAND,    /* as long as a command runs */
    RUN_FOREGROUND, /* -D, -d */
    RUN_KILL,       /* -k */
    RUN_VERSION,    /* -V */
};

enum shell { SHELL_SH, SHELL_CSH };

enum hash { HASH_SHA256, HASH_MD5 };

struct options {
    enum run_mode mode;
    enum shell shell;
    enum hash fingerprint_hash;
    const char *socket;        /* -a; NULL: a fresh private directory, or systemd's */
    const char *qrexec_socket; /* -q; NULL: none, or systemd's */
    const char *name;          /* -n; "" for the agent that a call without an argument gets */
    uint32_t life;             /* -t; seconds, 0 for none */
    bool debug;                /* -d */
    char **command;            /* RUN_COMMAND; NULL-terminated */
};

/*
 * Reads the command line, which is ssh-agent(1)'s and two options more. The strings of *ret point
 * into argv. ERR_MALFORMED after the reason, or the usage, was written to standard error.
 */
enum err must_check options_parse(int argc, char *argv[], struct options *ret);

/*
 * Seconds in sshd_config(5)'s time format: numbers, each followed by s, m, h, d or w, or by nothing
 * for seconds. 0 is none, as in ssh-agent. ERR_MALFORMED if text is no time, or does not fit.
 */
enum err must_check time_parse(const char *text, uint32_t *ret_seconds);

#endif
