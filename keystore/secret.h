/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena for secrets: memory that no read from outside of the process shows, that is never
 * swapped or dumped, that no fork inherits, and that is wiped when it is freed. Guard regions
 * without access lie around each mapping, and a canary follows each block.
 *
 * For one thread. A pointer that is no live block, or an overwritten canary, ends the process with
 * a log line and abort(): from there on nothing that it holds can be trusted.
 */
#ifndef SPLIT_SSH_SECRET_H
#define SPLIT_SSH_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum secret_kind {
    SECRET_MEMFD, /* memfd_secret(2): the kernel itself has no mapping of it */
    SECRET_MLOCK, /* mlock(2): not swapped, dumped or inherited, but root reads it in /proc/PID/mem
                   */
};

struct secret_info {
    enum secret_kind kind;
    size_t size; /* bytes that are locked now */
    size_t used; /* bytes taken by live blocks, canaries and rounding included */
    size_t cap;  /* bytes that will be locked at most */
};

/*
 * Locks the first 2 MiB. Call it before any secret exists and before anything else may map memory
 * or call secret_alloc(). Raises the soft limit RLIMIT_MEMLOCK to the hard one; the arena grows up
 * to that limit, or to 64 MiB where the process may lock without a limit. A second call does
 * nothing. ERR_NO_MEMORY: neither kind of memory could be locked, or there is none; errno says why.
 * ERR_SYSTEM: no random numbers for the canaries.
 */
enum err must_check secret_init(void);

/*
 * n bytes, zeroed, aligned to 16; the caller's until secret_free(). n may be 0: the pointer is
 * unique and points to no byte. Blocks over 8 KiB start on a page. NULL when the arena is full and
 * cannot grow; everything else goes on.
 */
void *secret_alloc(size_t n);

/*
 * Like secret_alloc(), but in a mapping of its own, so that the byte before the block faults; what
 * overruns its end meets the canary and, within 64 KiB, a guard too. For a stack. Costs n + 8 bytes
 * rounded up to 64 KiB. When it is freed, other blocks may use the mapping.
 */
void *secret_alloc_guarded(size_t n);

/*
 * Could secret_alloc() give out n bytes in one piece? Small blocks fit there too. For whoever fills
 * the arena with what stays, and has to leave room for work to be done: an RSA signature, say.
 */
bool secret_has_room(size_t n);

/*
 * A new block of n bytes with the content of p, as much as fits; the old one is wiped and freed.
 * p may be NULL. NULL when the arena is full, and p stays as it was. Only for libcrypto, which
 * expects one: our own secrets have a fixed size.
 */
void *secret_realloc(void *p, size_t n);

/* Wipes and frees a block. NULL is fine. */
void secret_free(void *p);

/* The n that the live block p was asked for with. */
size_t secret_size(const void *p);

void secret_info(struct secret_info *ret);

/*
 * Wipes every block and unmaps the arena: for the end of the process. No block may be used or freed
 * after it (libcrypto's neither), and it must not run on a stack in the arena. Does nothing without
 * secret_init(), which may be called again.
 */
void secret_wipe_all(void);

#endif
