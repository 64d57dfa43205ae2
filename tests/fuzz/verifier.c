/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier.h"

#include "verify.h"

bool verifies(struct view blob, struct view signature, struct view data)
{
    return verify_signature(blob, signature, data) == OK;
}
