/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of another process, page by page. Every failure ends the program (die). */
#ifndef SPLIT_SSH_PROOF_PROCESS_H
#define SPLIT_SSH_PROOF_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE_MAX 65536U /* bytes; what Linux has */

size_t page_size(void);

/* /proc/PID/NAME, open to be read. */
int process_open(const char *pid, const char *name);

/*
 * Calls f for each page of each readable mapping that is in memory or swapped; place is the process
 * and the name of the mapping.
 */
void process_each_page(const char *pid, void (*f)(uint64_t address, const char *place));

/*
 * Looks for secrets in a page of which copy gives the bytes, or returns false; pages that follow
 * each other are looked at as one. False if there was no copy.
 */
_Bool process_search_page(uint64_t address, const char *place,
                          _Bool (*copy)(uint64_t address, uint8_t *ret));

#endif
