/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions by an askpass program (askpass_find.h), as OpenSSH starts it: it knows yes and no, and
 * passphrases.
 *
 * It runs until it ends, until deadline (ms of CLOCK_BOOTTIME), or until withdrawn
 * (withdrawal_watch()) is readable; then it is ended, with what it started. Makes the caller lead a
 * process group. ERR_NOT_FOUND: no display, or no such program. ERR_SYSTEM, with a log line: it
 * could not be started, or crashed.
 */
#ifndef SPLIT_SSH_ASKPASS_H
#define SPLIT_SSH_ASKPASS_H

#include "dialog.h"
#include "secret_memory.h"

/*
 * A yes is exit status 0 with nothing or "yes" on its standard output, as OpenSSH's agent has it:
 * who typed something else into a program that does not know the question's kind meant no.
 */
enum err must_check askpass_ask(const struct dialog *dialog, uint64_t deadline, int withdrawn,
                                enum dialog_answer *ret);

/*
 * A passphrase, to ret, which was mapped with PASSPHRASE_ROOM; *ret_answer is DIALOG_ONCE then. One
 * that is empty, or longer than PASSPHRASE_MAX, is a no; ret is wiped in each other case.
 */
enum err must_check askpass_passphrase(const struct dialog *dialog, uint64_t deadline,
                                       int withdrawn, struct secret_memory *ret,
                                       enum dialog_answer *ret_answer);

/* The same with a question of OpenSSH's programs, as it is, and with our whole environment. */
enum err must_check askpass_pass_on(const char *question, uint64_t deadline, int withdrawn,
                                    struct secret_memory *ret, enum dialog_answer *ret_answer);

#endif
