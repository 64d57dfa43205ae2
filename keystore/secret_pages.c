/* SPDX-License-Identifier: BSD-2-Clause */
#include "secret_pages.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "secret_map.h"
#include "secret_poison.h"

#define UNIT         ((size_t)64 * 1024)       /* a multiple of every page size that Linux has */
#define GUARD        UNIT                      /* address space only */
#define FIRST_REGION ((size_t)2 * 1024 * 1024) /* libcrypto itself takes 0.6 MB */
#define GROWTH       ((size_t)1024 * 1024)     /* 90 RSA-4096 keys */
#define SMALL_ONES   8U                        /* regions under GROWTH that there is room for */
#define PAGE_MARKS   (SECRET_PAGE / SECRET_GRANULE)

static struct arena {
    uint8_t *base; /* the reservation; NULL: not set up */
    size_t span;   /* bytes reserved */
    size_t end;    /* offset behind the last region and its guard */
    size_t size;   /* bytes locked */
    size_t cap;
    enum secret_kind kind;
    struct page *pages;     /* span / SECRET_PAGE of them */
    uint16_t *marks;        /* PAGE_MARKS for each page */
    struct page *free_runs; /* head pages, in no order */
} arena;

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

void pages_push(struct page **list, struct page *head)
{
    head->prev = NULL;
    head->next = *list;
    if (*list != NULL) {
        (*list)->prev = head;
    }
    *list = head;
}

void pages_unlink(struct page **list, struct page *head)
{
    if (head->prev != NULL) {
        head->prev->next = head->next;
    } else {
        *list = head->next;
    }
    if (head->next != NULL) {
        head->next->prev = head->prev;
    }
}

static void label(struct page *first, size_t count, struct page *head, enum page_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        first[i].head = head;
        first[i].kind = (uint8_t)kind;
    }
}

/* From the end, so that the pages of a long run need not all learn of a new head. */
struct page *pages_claim(struct page *run, size_t count, enum page_kind kind)
{
    struct page *head = run + run->count - count;

    run->count -= (uint32_t)count;
    if (run->count == 0) {
        pages_unlink(&arena.free_runs, run);
    }
    head->count = (uint32_t)count;
    label(head, count, head, kind);
    return head;
}

struct page *pages_take(size_t count, enum page_kind kind)
{
    struct page *best = NULL;

    for (struct page *run = arena.free_runs; run != NULL; run = run->next) {
        if (run->count >= count && (best == NULL || run->count < best->count)) {
            best = run;
        }
    }
    return best == NULL ? NULL : pages_claim(best, count, kind);
}

/* Joins it with its free neighbours; guards keep runs of different regions apart. */
void pages_give(struct page *head)
{
    size_t count = head->count;
    struct page *after = head + count;
    struct page *before = head[-1].kind == PAGE_FREE ? head[-1].head : NULL;

    if (after->kind == PAGE_FREE) {
        pages_unlink(&arena.free_runs, after);
        count += after->count;
    }
    if (before == NULL) {
        head->count = 0;
        before = head;
        pages_push(&arena.free_runs, head);
    }
    label(head, count, before, PAGE_FREE);
    before->count += (uint32_t)count;
}

struct page *pages_grow_by(size_t n)
{
    struct page *head;
    uint8_t *at;
    enum err err;

    n = round_up(n, UNIT);
    if (n > arena.cap - arena.size || n + GUARD > arena.span - arena.end) {
        return NULL;
    }
    at = arena.base + arena.end;
    err = secret_map_lock(arena.kind, at, n);
    if (err == ERR_SYSTEM) {
        arena.cap = arena.size;
    }
    if (err != OK) {
        return NULL;
    }
    secret_poison(at, n);
    head = arena.pages + arena.end / SECRET_PAGE;
    arena.size += n;
    arena.end += n + GUARD;
    head->count = (uint32_t)(n / SECRET_PAGE);
    pages_give(head);
    return head;
}

struct page *pages_grow(size_t n)
{
    size_t left = arena.cap - arena.size;
    size_t wanted = n < GROWTH ? GROWTH : n;

    return pages_grow_by(wanted > left && n <= left ? left : wanted);
}

static void *map_ordinary(size_t n)
{
    void *p =
        mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static size_t page_bytes(void)
{
    return arena.span / SECRET_PAGE * sizeof *arena.pages;
}

static size_t mark_bytes(void)
{
    return arena.span / SECRET_GRANULE * sizeof *arena.marks;
}

enum err pages_init(void)
{
    size_t cap = secret_map_limit(SECRET_MAX) / UNIT * UNIT;
    int saved;

    arena.cap = cap < FIRST_REGION ? FIRST_REGION : cap; /* the kernel refuses, and says why */
    arena.span = arena.cap + GUARD * (arena.cap / GROWTH + SMALL_ONES + 1);
    arena.end = GUARD;
    arena.base = secret_map_reserve(arena.span);
    arena.pages = map_ordinary(page_bytes());
    arena.marks = map_ordinary(mark_bytes());
    if (arena.base != NULL && arena.pages != NULL && arena.marks != NULL) {
        arena.kind = SECRET_MEMFD;
        if (pages_grow_by(FIRST_REGION) != NULL) {
            return OK;
        }
        arena.kind = SECRET_MLOCK;
        if (pages_grow_by(FIRST_REGION) != NULL) {
            return OK;
        }
    }
    saved = errno;
    pages_exit();
    errno = saved;
    return ERR_NO_MEMORY;
}

void pages_exit(void)
{
    if (arena.base != NULL) {
        secret_unpoison(arena.base, arena.span);
        munmap(arena.base, arena.span);
    }
    if (arena.pages != NULL) {
        munmap(arena.pages, page_bytes());
    }
    if (arena.marks != NULL) {
        munmap(arena.marks, mark_bytes());
    }
    arena = (struct arena){0};
}

struct page *pages_head(const void *p)
{
    uintptr_t offset = (uintptr_t)p - (uintptr_t)arena.base;

    return offset < arena.span ? arena.pages[offset / SECRET_PAGE].head : NULL;
}

uint8_t *pages_start(const struct page *head)
{
    return arena.base + (size_t)(head - arena.pages) * SECRET_PAGE;
}

uint16_t *pages_marks(const struct page *head)
{
    return arena.marks + (size_t)(head - arena.pages) * PAGE_MARKS;
}

void pages_each(void (*f)(struct page *head))
{
    size_t i = 0;

    while (i < arena.span / SECRET_PAGE) {
        struct page *page = arena.pages + i;

        if (page->kind == PAGE_SLAB || page->kind == PAGE_BLOCK) {
            f(page);
        }
        i += page->kind == PAGE_GUARD ? 1 : page->count;
    }
}

void pages_info(struct secret_info *ret)
{
    ret->kind = arena.kind;
    ret->size = arena.size;
    ret->cap = arena.cap;
}
