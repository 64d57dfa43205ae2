/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_NOTICES_H
#define AGENT_NOTICES_H

#include "party.h"

/*
 * Bubbles on the vault's desktop. Text is printable ASCII; what a peer sent has gone through
 * log_clean(). The prompt puts the name of the vault's qube before it, and joins a flood.
 */
void notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, if the qube's policy has this NOTIFY_* word. Nothing for programs in the vault. */
void notice_party(const struct party *party, unsigned word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
