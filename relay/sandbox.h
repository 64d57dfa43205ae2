/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAY_SANDBOX_H
#define RELAY_SANDBOX_H

#include "err.h"

/*
 * From now on the process, and what it runs, may execute the program at this path alone, and the
 * loader that it names (landlock(7)). Files stay open to it: the program needs its own. Where that
 * cannot be, it is said in the log and is no error: a kernel without Landlock, a path where no
 * program is yet, or a script, whose commands nobody knows. ERR_SYSTEM with errno.
 */
enum err must_check sandbox_enter(const char *program);

#endif
