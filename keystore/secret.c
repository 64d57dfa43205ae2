/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks up to 8 KiB come from slabs, runs of pages cut into blocks of one size; larger ones are
 * runs of their own. Free memory is always zero: freeing wipes, so that allocating need not.
 */
#include "secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "secret_pages.h"
#include "secret_poison.h"

#define CANARY   sizeof(uint64_t) /* bytes right behind those that were asked for */
#define SLAB_MAX ((size_t)8192)   /* bytes of the largest block in a slab, with its canary */

/*
 * Steps of a quarter at most, with a fit for the numbers of RSA and their canaries (2048, 3072 and
 * 4096 bits: 128 + 8, 192 + 8, 256 + 8, 384 + 8, 512 + 8 and twice that) and for what libcrypto
 * takes most of (24, 56, 104). As many pages as make the rest at a slab's end small.
 */
static const struct {
    uint16_t size; /* bytes, a multiple of SECRET_GRANULE */
    uint8_t pages;
} classes[] = {
    {16, 1},   {32, 1},   {48, 1},   {64, 1},   {80, 1},   {96, 1},   {112, 1},  {128, 1},
    {144, 1},  {160, 1},  {176, 1},  {208, 1},  {240, 1},  {272, 1},  {336, 1},  {400, 1},
    {464, 2},  {528, 2},  {656, 1},  {784, 1},  {912, 3},  {1040, 4}, {1296, 1}, {1552, 2},
    {1808, 4}, {2064, 4}, {2336, 4}, {2720, 2}, {3264, 4}, {4096, 1}, {5456, 4}, {8192, 2},
};

#define CLASSES (sizeof classes / sizeof classes[0])

/* The mark of a block's first granule: the bytes asked for while it lives, else the next free. */
#define MARK_LIVE 0x8000U

static struct heap {
    bool ready;
    uint64_t canary_key;
    size_t used;                                     /* bytes in live blocks */
    struct page *roomy[CLASSES];                     /* slabs that are not full */
    uint8_t class_of[SLAB_MAX / SECRET_GRANULE + 1]; /* by granules */
} heap;

/* A live block, wherever it is. */
struct block {
    struct page *head;
    uint16_t *mark; /* NULL: a run of its own */
    uint8_t *start;
    size_t size; /* bytes asked for */
    size_t room; /* bytes taken */
};

enum err secret_init(void)
{
    size_t size_class = 0;
    enum err err;

    if (heap.ready) {
        return OK;
    }
    if (getrandom(&heap.canary_key, sizeof heap.canary_key, 0) != sizeof heap.canary_key) {
        return ERR_SYSTEM;
    }
    err = pages_init();
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i <= SLAB_MAX / SECRET_GRANULE; i++) {
        if (i * SECRET_GRANULE > classes[size_class].size) {
            size_class++;
        }
        heap.class_of[i] = (uint8_t)size_class;
    }
    heap.ready = true;
    return OK;
}

static void __attribute__((noreturn)) die(const char *what)
{
    log_line("memory for secrets: %s; this is a bug, giving up", what);
    abort();
}

/* One of its own for each block, so that a stray copy of one does not pass for another. */
static uint64_t canary_of(const uint8_t *start)
{
    return heap.canary_key ^ (uintptr_t)start * 0x9e3779b97f4a7c15U;
}

static void *open_block(uint8_t *start, size_t size, size_t room)
{
    uint64_t canary = canary_of(start);

    secret_unpoison(start, room);
    memcpy(start + size, &canary, CANARY);
    secret_poison(start + size, room - size);
    heap.used += room;
    return start;
}

static void close_block(const struct block *block)
{
    uint64_t canary = canary_of(block->start);

    secret_unpoison(block->start, block->room);
    if (memcmp(block->start + block->size, &canary, CANARY) != 0) {
        die("a block was overrun");
    }
    explicit_bzero(block->start, block->room);
    secret_poison(block->start, block->room);
    heap.used -= block->room;
}

/* At most one slab of each class is empty, kept so that alloc and free in turn cost little. */
static bool drop_empty_slabs(void)
{
    bool dropped = false;

    for (size_t i = 0; i < CLASSES; i++) {
        struct page *slab = heap.roomy[i];

        while (slab != NULL && slab->live > 0) {
            slab = slab->next;
        }
        if (slab != NULL) {
            pages_unlink(&heap.roomy[i], slab);
            pages_give(slab);
            dropped = true;
        }
    }
    return dropped;
}

static struct page *take_pages(size_t count, enum page_kind kind)
{
    struct page *head = pages_take(count, kind);

    if (head == NULL && drop_empty_slabs()) {
        head = pages_take(count, kind);
    }
    if (head == NULL && pages_grow(count * SECRET_PAGE) != NULL) {
        head = pages_take(count, kind);
    }
    return head;
}

static struct page *new_slab(uint8_t size_class)
{
    size_t room = classes[size_class].size;
    size_t pages = classes[size_class].pages;
    struct page *slab = take_pages(pages, PAGE_SLAB);
    uint16_t *marks;
    uint16_t next = 0;

    if (slab == NULL) {
        return NULL;
    }
    marks = pages_marks(slab);
    for (size_t i = pages * SECRET_PAGE / room; i-- > 0;) {
        size_t granule = i * room / SECRET_GRANULE;

        marks[granule] = next;
        next = (uint16_t)(granule + 1);
    }
    slab->size_class = size_class;
    slab->live = 0;
    slab->first_free = next;
    pages_push(&heap.roomy[size_class], slab);
    return slab;
}

static void *slab_alloc(uint8_t size_class, size_t n)
{
    struct page *slab = heap.roomy[size_class];
    uint16_t *mark;
    size_t granule;

    if (slab == NULL) {
        slab = new_slab(size_class);
    }
    if (slab == NULL) {
        return NULL;
    }
    granule = slab->first_free - 1U;
    mark = pages_marks(slab) + granule;
    slab->first_free = *mark;
    slab->live++;
    *mark = (uint16_t)(MARK_LIVE | n);
    if (slab->first_free == 0) {
        pages_unlink(&heap.roomy[size_class], slab);
    }
    return open_block(pages_start(slab) + granule * SECRET_GRANULE, n, classes[size_class].size);
}

static void slab_free(const struct block *block)
{
    struct page *slab = block->head;
    struct page **roomy = &heap.roomy[slab->size_class];

    if (slab->first_free == 0) {
        pages_push(roomy, slab);
    }
    *block->mark = slab->first_free;
    slab->first_free = (uint16_t)(block->mark - pages_marks(slab) + 1);
    slab->live--;
    if (slab->live == 0 && (slab->next != NULL || slab->prev != NULL)) {
        pages_unlink(roomy, slab);
        pages_give(slab);
    }
}

static void *use_run(struct page *head, size_t n)
{
    if (head == NULL) {
        return NULL;
    }
    head->size = n;
    return open_block(pages_start(head), n, head->count * SECRET_PAGE);
}

static size_t pages_for(size_t n)
{
    return (n + CANARY + SECRET_PAGE - 1) / SECRET_PAGE;
}

void *secret_alloc(size_t n)
{
    if (n > SECRET_MAX) {
        return NULL;
    }
    if (n + CANARY > SLAB_MAX) {
        return use_run(take_pages(pages_for(n), PAGE_BLOCK), n);
    }
    return slab_alloc(heap.class_of[(n + CANARY + SECRET_GRANULE - 1) / SECRET_GRANULE], n);
}

void *secret_alloc_guarded(size_t n)
{
    struct page *run = n > SECRET_MAX ? NULL : pages_grow_by(n + CANARY);

    return run == NULL ? NULL : use_run(pages_claim(run, run->count, PAGE_BLOCK), n);
}

bool secret_has_room(size_t n)
{
    struct page *run = n > SECRET_MAX ? NULL : take_pages(pages_for(n), PAGE_BLOCK);

    if (run != NULL) {
        pages_give(run);
    }
    return run != NULL;
}

static struct block find_block(const void *p)
{
    struct page *head = pages_head(p);
    struct block block = {.head = head};
    uintptr_t offset;

    if (head == NULL || head->kind == PAGE_FREE) {
        die("freed twice, or no block of ours");
    }
    block.start = pages_start(head);
    offset = (uintptr_t)p - (uintptr_t)block.start;
    if (head->kind == PAGE_SLAB) {
        block.start += offset;
        block.mark = pages_marks(head) + offset / SECRET_GRANULE;
        block.size = *block.mark & ~MARK_LIVE;
        block.room = classes[head->size_class].size;
    } else {
        block.size = head->size;
        block.room = head->count * SECRET_PAGE;
    }
    if (head->kind == PAGE_SLAB ? offset % SECRET_GRANULE != 0 || (*block.mark & MARK_LIVE) == 0
                                : offset != 0) {
        die("freed twice, or no block of ours");
    }
    return block;
}

void secret_free(void *p)
{
    struct block block;

    if (p == NULL) {
        return;
    }
    block = find_block(p);
    close_block(&block);
    if (block.mark != NULL) {
        slab_free(&block);
    } else {
        pages_give(block.head);
    }
}

size_t secret_size(const void *p)
{
    return find_block(p).size;
}

void *secret_realloc(void *p, size_t n)
{
    void *ret = secret_alloc(n);
    size_t size;

    if (ret == NULL || p == NULL) {
        return ret;
    }
    size = secret_size(p);
    memcpy(ret, p, size < n ? size : n);
    secret_free(p);
    return ret;
}

void secret_info(struct secret_info *ret)
{
    pages_info(ret);
    ret->used = heap.used;
}

static void wipe_run(struct page *head)
{
    secret_unpoison(pages_start(head), head->count * SECRET_PAGE);
    explicit_bzero(pages_start(head), head->count * SECRET_PAGE);
}

void secret_wipe_all(void)
{
    pages_each(wipe_run);
    pages_exit();
    explicit_bzero(&heap, sizeof heap);
}
