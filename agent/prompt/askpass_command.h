/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh passphrase store|forget|test, which starts split-ssh-askpass for that. */
#ifndef PROMPT_ASKPASS_COMMAND_H
#define PROMPT_ASKPASS_COMMAND_H

#include <stdbool.h>

#define ASKPASS_STORE  "--store"
#define ASKPASS_FORGET "--forget"
#define ASKPASS_TEST   "--test"

/* Is this word one of the three? */
bool askpass_is_command(const char *word);

/* Does it with the key: a private key file, its public one, or, to forget, a fingerprint. Returns
 * the exit status. */
int askpass_command(const char *word, const char *key);

#endif
