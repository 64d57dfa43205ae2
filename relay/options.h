/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of split-ssh-relay; its manual page explains it. */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include <stdbool.h>

#include "client_config.h"
#include "err.h"
#include "limits.h"
#include "unix_socket.h"

#define CALLS_DEFAULT 32U
#define CALLS_MAX     128U /* qrexec itself fails at about 200 calls at once */

struct options {
    const char *socket; /* NULL: the default path, or systemd's socket */
    const char *agent;  /* NULL: none, as good as "default" */
    const char *target; /* NULL: none was given */
    const char *config; /* directory */
    const char *client; /* path of qrexec-client-vm */
    unsigned calls;     /* at once, 1 to CALLS_MAX */
    bool help;
    bool version;
};

/*
 * Reads the command line; the strings stay argv's. ERR_MALFORMED with a sentence in ret_why
 * (UNIX_WHY_MAX bytes), which is empty when getopt has already said what is wrong.
 */
enum err must_check options_parse(int argc, char **argv, struct options *ret_options,
                                  char *ret_why);

/*
 * The default path of the socket, HOME/.split-ssh/AGENT.sock, into ret_path (UNIX_PATH_MAX bytes).
 * ERR_NOT_FOUND without a HOME, ERR_TOO_BIG if it does not fit; both with a sentence in ret_why.
 */
enum err must_check options_default_socket(const struct options *options, char *ret_path,
                                           char *ret_why);

/* What -h prints. */
extern const char options_usage[];

#endif
