/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_CHECK_H
#define PROMPT_KEY_CHECK_H

#include <stdint.h>

#include "secret_memory.h"

/* Descriptor that split-ssh-askpass prints what is in, instead of asking: how ssh-keygen gets it.
 */
#define KEY_CHECK_VARIABLE "SPLIT_SSH_ASKPASS_FD"

enum key_check {
    KEY_OPENS,
    KEY_STAYS_CLOSED, /* the passphrase is wrong */
    KEY_IS_OPEN,      /* it has no passphrase */
    KEY_UNCHECKED,    /* ssh-keygen cannot read it, or there is none */
};

/*
 * Does the passphrase open the private key file at path? Asks ssh-keygen, with a pipe. Until
 * deadline and withdrawn as of program_run().
 */
enum key_check key_check(const char *path, const struct secret_memory *passphrase,
                         uint64_t deadline, int withdrawn);

/* In the process that ssh-keygen starts as its askpass program: an exit status. */
int key_check_answer(const char *descriptor);

#endif
