/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh: asks the agent how it is, shows the audit log, starts others, checks the set-up. */
#include <stdio.h>
#include <stdlib.h>

#include "add.h"
#include "check.h"
#include "log.h"
#include "options.h"
#include "passphrase.h"
#include "request.h"
#include "show_log.h"
#include "standard_fds.h"

static enum err run(const struct options *options)
{
    switch (options->command) {
    case COMMAND_LOG:
        return show_log(options);
    case COMMAND_ADD:
        return add(options);
    case COMMAND_PASSPHRASE_STORE:
    case COMMAND_PASSPHRASE_FORGET:
    case COMMAND_PASSPHRASE_TEST:
        return passphrase(options);
    case COMMAND_CHECK:
        return check(options);
    default:
        return request(options);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    char why[OPTIONS_WHY_MAX];
    enum err err;

    if (!standard_fds_open()) {
        return EXIT_FAILURE;
    }
    if (options_parse(argc, argv, &options, why) != OK) {
        if (why[0] != '\0') {
            log_line("%s", why);
        }
        fputs("Try split-ssh --help.\n", stderr);
        return EXIT_FAILURE;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_usage : "split-ssh " SPLIT_SSH_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    err = run(&options);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        log_line("cannot write the output: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
