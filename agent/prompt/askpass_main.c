/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-askpass: an askpass program for OpenSSH's programs that knows the Secret Service. It
 * answers for the passphrases of key files, and starts another askpass program for the rest.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "askpass_answer.h"
#include "askpass_command.h"
#include "harden.h"
#include "key_check.h"
#include "log.h"
#include "standard_fds.h"

static const char usage[] =
    "usage: SSH_ASKPASS=split-ssh-askpass ssh-add KEY\n"
    "       split-ssh-askpass -h | -V\n"
    "\n"
    "Gives the passphrase of a key file to ssh-add, ssh and ssh-keygen: from the Secret\n"
    "Service, or typed into the askpass program that is installed, which gets all other\n"
    "questions too. `split-ssh passphrase` stores, removes and tests passphrases.\n";

static int fatal(const char *what)
{
    log_line("%s: %s", what, strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    const char *descriptor = getenv(KEY_CHECK_VARIABLE);

    if (!standard_fds_open() || harden_process() != OK) {
        return fatal("cannot close the process off");
    }
    if (descriptor != NULL) {
        return key_check_answer(descriptor);
    }
    if (sodium_init() < 0) {
        return fatal("cannot set up libsodium");
    }
    if (argc == 3 && askpass_is_command(argv[1])) {
        return askpass_command(argv[1], argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "-V") == 0) {
        return puts("split-ssh-askpass " SPLIT_SSH_VERSION) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (argc != 2 || strcmp(argv[1], "-h") == 0) {
        fputs(usage, argc == 2 ? stdout : stderr);
        return argc == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return askpass_answer(argv[1]);
}
