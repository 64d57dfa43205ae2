/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passphrases in the Secret Service (freedesktop.org's Secret Service API, by libsecret). An item
 * has the schema KEYRING_SCHEMA and the attribute KEYRING_ATTRIBUTE, which is the fingerprint of
 * the key as `ssh-keygen -l` prints it. Items of another schema with this attribute are found too,
 * so that one can be made by hand.
 *
 * Nothing here waits longer than its deadline (ms of CLOCK_BOOTTIME), and half a second, or than
 * until withdrawn (withdrawal_watch()) is readable. What fails has a log line.
 */
#ifndef PROMPT_KEYRING_H
#define PROMPT_KEYRING_H

#include "secret_memory.h"

#define KEYRING_SCHEMA    "org.qubes.SplitSsh"
#define KEYRING_ATTRIBUTE "fingerprint"

struct keyring;

/*
 * Connects to the service, which the session bus may start. The caller closes *ret. ERR_NOT_FOUND:
 * no session bus, no service, or it does not answer.
 */
enum err must_check keyring_open(int withdrawn, struct keyring **ret);

/* NULL is fine. */
void keyring_close(struct keyring *keyring);

/*
 * The passphrase of the key, to ret, which was mapped with PASSPHRASE_ROOM; of several that are
 * stored the newest. If it is locked, the service asks the user. ERR_NOT_FOUND: none is stored.
 * ERR_LOCKED: it stayed locked. ERR_SYSTEM: no answer, or the service went away. ERR_TOO_BIG,
 * ERR_MALFORMED: what is stored is longer than PASSPHRASE_MAX, or empty.
 */
enum err must_check keyring_look_up(struct keyring *keyring, const char *fingerprint,
                                    uint64_t deadline, struct secret_memory *ret);

/*
 * Stores it under this label in the default collection, in the place of the one that was stored
 * before. ERR_LOCKED: the user closed the service's dialog. ERR_SYSTEM.
 */
enum err must_check keyring_store(struct keyring *keyring, const char *fingerprint,
                                  const char *label, const struct secret_memory *passphrase,
                                  uint64_t deadline);

/* Removes all that a look-up could find. ERR_NOT_FOUND: there was none. ERR_SYSTEM. */
enum err must_check keyring_forget(struct keyring *keyring, const char *fingerprint,
                                   uint64_t deadline);

#endif
