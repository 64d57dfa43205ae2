/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_SANDBOX_H
#define KEYSTORE_SANDBOX_H

#include <stddef.h>

#include "err.h"

/*
 * Closes the process off for good: Landlock without any right, and a list of the system calls that
 * answering requests takes (seccomp(2)); every other call kills the process. Writes what is in
 * force into ret (cap bytes). ERR_SYSTEM: the process must not go on. A kernel without Landlock is
 * no error: the list of calls has none that opens a file.
 */
enum err must_check sandbox_enter(char *ret, size_t cap);

#endif
