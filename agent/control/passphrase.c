/* SPDX-License-Identifier: BSD-2-Clause */
#include "passphrase.h"

#include "log.h"

#define PROGRAM SPLIT_SSH_BINDIR "/split-ssh-askpass"

enum err passphrase(const struct options *options)
{
    const char *what = options->command == COMMAND_PASSPHRASE_STORE    ? "--store"
                       : options->command == COMMAND_PASSPHRASE_FORGET ? "--forget"
                                                                       : "--test";

    execl(PROGRAM, "split-ssh-askpass", what, options->key, (char *)NULL);
    log_line("cannot run " PROGRAM ": %s", strerror(errno));
    return ERR_SYSTEM;
}
