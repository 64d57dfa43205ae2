/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of split-ssh; its manual page explains it. */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include <stdbool.h>

#include "err.h"
#include "limits.h"

#define OPTIONS_WHY_MAX 256U /* bytes of a sentence */

/* How the log shows a program in the vault; no qube can have this name. */
#define IN_THE_VAULT "(vault)"

enum command {
    COMMAND_STATUS,
    COMMAND_GRANTS,
    COMMAND_REVOKE,
    COMMAND_POLICY_TEST,
    COMMAND_LIST,
    COMMAND_RELOAD,
    COMMAND_ADD,
    COMMAND_LOG,
    COMMAND_PASSPHRASE_STORE,
    COMMAND_PASSPHRASE_FORGET,
    COMMAND_PASSPHRASE_TEST,
    COMMAND_CHECK,
};

struct options {
    enum command command;
    const char *socket; /* -a; NULL: none */
    const char *qube;   /* NULL: none was named */
    const char *key;    /* policy test, passphrase; NULL: none */
    const char *agent;  /* list, reload, add */
    const char *side;   /* check: "vault" or "client"; NULL: those that are switched on */
    char **ssh_add;     /* add: what ssh-add gets, NULL-terminated */
    bool follow;        /* log -f */
    bool json;          /* log, check: --json */
    bool help;
    bool version;
};

/*
 * Reads the command line; the strings stay argv's. ERR_MALFORMED with a sentence in ret_why
 * (OPTIONS_WHY_MAX bytes), which is empty when getopt has already said what is wrong.
 */
enum err must_check options_parse(int argc, char **argv, struct options *ret_options,
                                  char *ret_why);

/* What -h prints. */
extern const char options_usage[];

#endif
