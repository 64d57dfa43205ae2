/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_TYPED_LINE_H
#define PROMPT_TYPED_LINE_H

#include "secret_memory.h"

/*
 * The passphrase of the key file at path, from standard input, to ret, which was mapped with
 * PASSPHRASE_ROOM. A terminal is asked on standard error, and does not show what is typed; anything
 * else gives one line. ERR_NOT_FOUND: it is empty. ERR_ANSWER: withdrawn (withdrawal_watch())
 * became readable. ERR_TOO_BIG; ERR_SYSTEM: errno says why.
 */
enum err must_check typed_line(const char *path, int withdrawn, struct secret_memory *ret);

#endif
