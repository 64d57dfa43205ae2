/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh: asks the agent how it is, and shows the audit log. */
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "options.h"
#include "request.h"
#include "show_log.h"
#include "standard_fds.h"

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
    err = options.command == COMMAND_LOG ? show_log(&options) : request(&options);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        log_line("cannot write the output: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
