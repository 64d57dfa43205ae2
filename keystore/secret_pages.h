/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena's pages, and who has them. The arena is one stretch of reserved address space; regions
 * of locked memory are put into it one after the other with a guard before, between and after them.
 * Pages are handed out in runs. All that describes them is in ordinary memory far from them, where
 * an overrun of a block does not reach.
 */
#ifndef SPLIT_SSH_SECRET_PAGES_H
#define SPLIT_SSH_SECRET_PAGES_H

#include <stdint.h>

#include "secret.h"

#define SECRET_PAGE    ((size_t)4096)             /* bytes; a unit of the arena */
#define SECRET_GRANULE ((size_t)16)               /* bytes; what blocks are aligned to */
#define SECRET_MAX     ((size_t)64 * 1024 * 1024) /* bytes; more keys than KEYS_MAX fit */

enum page_kind {
    PAGE_GUARD, /* no access; what is zero is a guard, so that a wrong index is one too */
    PAGE_FREE,
    PAGE_SLAB,  /* blocks of one size */
    PAGE_BLOCK, /* one block */
};

/* One for each page. The first page of a run, its head, speaks for all of them. */
struct page {
    struct page *head;
    struct page *next; /* heads: in the list of free runs, or of slabs with room */
    struct page *prev;
    size_t size;         /* PAGE_BLOCK: bytes that were asked for */
    uint32_t count;      /* pages of the run */
    uint16_t live;       /* PAGE_SLAB: blocks in use */
    uint16_t first_free; /* PAGE_SLAB: 1 + granule of the first free block; 0 when it is full */
    uint8_t size_class;  /* PAGE_SLAB */
    uint8_t kind;        /* enum page_kind; also right in pages that are no head */
};

/* Reserves the arena and locks the first region. ERR_NO_MEMORY with errno. */
enum err must_check pages_init(void);

/* Unmaps everything that is wiped already. */
void pages_exit(void);

/* count free, zeroed pages in a row, which become kind; NULL if there are none. */
struct page *pages_take(size_t count, enum page_kind kind);

/* Takes the last count pages, which are there, of a free run; returns the head of what it took. */
struct page *pages_claim(struct page *run, size_t count, enum page_kind kind);

/* Gives a run back; the caller has wiped it. */
void pages_give(struct page *head);

/* Locks another region, of n bytes at least; it is one free run. NULL past the cap or with errno.
 */
struct page *pages_grow(size_t n);

/* The same with a region of just n bytes, rounded up to 64 KiB. */
struct page *pages_grow_by(size_t n);

/* The head of the run that p lies in; NULL if p is in no run, or not in the arena. */
struct page *pages_head(const void *p);

/* The first byte of a run. */
uint8_t *pages_start(const struct page *head);

/* Two bytes for each granule of a run, for the use of whoever took it; not cleared between uses. */
uint16_t *pages_marks(const struct page *head);

/* Calls f for each run that is not free. */
void pages_each(void (*f)(struct page *head));

void pages_info(struct secret_info *ret); /* all but used */

void pages_push(struct page **list, struct page *head);
void pages_unlink(struct page **list, struct page *head);

#endif
