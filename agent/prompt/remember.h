/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_REMEMBER_H
#define PROMPT_REMEMBER_H

#include <stdint.h>

#include "secret_memory.h"

#define STORE_MS 3000U /* within the grace that the broker gives */

/*
 * Asks whether to store the passphrase of the key with this fingerprint under the label (printable
 * ASCII), and does it after a yes; asks nothing where there is no Secret Service. All that takes
 * time_ms at most, and STORE_MS more after a late yes; the service may ask the user in its turn.
 * Withdrawn is as in keyring.h. What fails after a yes is said to the user.
 */
void remember(const char *fingerprint, const char *label, const struct secret_memory *passphrase,
              uint32_t time_ms, int withdrawn);

#endif
