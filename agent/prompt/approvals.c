/* SPDX-License-Identifier: BSD-2-Clause */
#include "approvals.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static uint8_t *key; /* one page; NULL: there is none */

static uint8_t *map_page(size_t size)
{
    uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return NULL;
    }
    if (mlock2(page, size, 0) != 0 || madvise(page, size, MADV_DONTDUMP) != 0 ||
        madvise(page, size, MADV_WIPEONFORK) != 0 || madvise(page, size, MADV_DONTFORK) != 0) {
        munmap(page, size);
        return NULL;
    }
    return page;
}

/* One packet of just APPROVAL_KEY_SIZE bytes, or false. */
static bool read_key(int fd, uint8_t *ret)
{
    ssize_t n;

    do {
        n = read(fd, ret, APPROVAL_KEY_SIZE + 1);
    } while (n < 0 && errno == EINTR);
    return n == APPROVAL_KEY_SIZE;
}

enum err approvals_take_key(int fd)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *page = map_page(size);
    enum err err;

    if (page == NULL) {
        return ERR_SYSTEM;
    }
    err = read_key(fd, page) ? OK : ERR_MALFORMED;
    if (err == OK && mprotect(page, size, PROT_READ) != 0) {
        err = ERR_SYSTEM;
    }
    if (err != OK) {
        explicit_bzero(page, size);
        munmap(page, size);
        return err;
    }
    key = page;
    return OK;
}

bool approvals_ready(void)
{
    return key != NULL;
}

enum err approvals_make(const struct approval_subject *subject, uint32_t seconds, uint64_t now,
                        uint8_t ret[APPROVAL_SIZE])
{
    struct approval approval = {.kind = APPROVAL_WHILE, .expiry = now + seconds * UINT64_C(1000)};
    struct wire_writer w = wire_writer(ret, APPROVAL_SIZE);
    bool made = false;

    if (key == NULL) {
        return ERR_MALFORMED;
    }
    if (seconds > 0) {
        made = approval_mac(key, subject, approval.kind, approval.expiry, approval.mac);
    }
    if (!made) {
        approval.kind = APPROVAL_ONCE;
        approval.expiry = now + APPROVAL_ONCE_MS;
        made = approval_mac(key, subject, approval.kind, approval.expiry, approval.mac);
    }
    sodium_stackzero(4096); /* the MAC's state: as good as the key, and a child copies the stack */
    if (!made) {
        return ERR_MALFORMED;
    }
    put_approval(&w, &approval);
    return w.err;
}
