/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_HARDEN_H
#define KEYSTORE_HARDEN_H

#include "err.h"

/*
 * What must be true of the process before it holds a key: no core dump, no ptrace by the same user,
 * no privilege from an exec, no environment, no descriptor but 0 to 4; and it ends with the agent.
 * ERR_SYSTEM.
 */
enum err must_check harden_process(void);

#endif
