/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that are lists, separated by commas, and what an entry of each may be. Pure. */
#ifndef AGENT_POLICY_ENTRIES_H
#define AGENT_POLICY_ENTRIES_H

#include "policy_words.h"

/*
 * Reads a list, or one of the words `all` and `no` (none of them) alone; each entry has passed
 * word->check. Fills list, unverified and text, which value_clear() frees also after an error.
 * ERR_MALFORMED with what is wrong in why (WHY_MAX bytes), ERR_NO_MEMORY.
 */
enum err must_check parse_list(const struct word *word, const char *text, struct value *ret,
                               char *why);

/* May this be an entry of the word? False with what is wrong in why (WHY_MAX bytes). */
bool check_agent(const char *entry, char *why);
bool check_key(const char *entry, char *why);
bool check_destination(const char *entry, char *why);
bool check_namespace(const char *entry, char *why);
bool check_notify(const char *entry, char *why);

/* NOTIFY_* of a word of `notify`; 0: it is none. */
unsigned notify_flag(const char *entry);

#define FINGERPRINT_PREFIX "SHA256:"

#endif
