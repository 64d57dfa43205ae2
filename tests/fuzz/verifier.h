/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_VERIFIER_H
#define FUZZ_VERIFIER_H

#include "wire.h"

/* Is it a signature of data by the key of this blob? Asks the agent's agent/verify.c. */
bool verifies(struct view blob, struct view signature, struct view data);

#endif
