/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_STACK_H
#define KEYSTORE_STACK_H

#include "err.h"

/*
 * A stack in the arena for whatever touches private bytes: what a compiler spills, and the local
 * variables of libraries, are then where no other process can read them.
 */

/* Takes its memory, after secret_init(). ERR_NO_MEMORY. */
enum err must_check stack_init(void);

/*
 * Calls work(argument) on that stack (makecontext(3)), then wipes the stack and clears the vector
 * registers. Not from inside of work.
 */
void stack_run(void (*work)(void *argument), void *argument);

#endif
