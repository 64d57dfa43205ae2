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

/* Just APPROVAL_KEY_SIZE bytes, or false. */
static bool read_key(int fd, uint8_t *ret)
{
    size_t have = 0;

    while (have < APPROVAL_KEY_SIZE) {
        ssize_t n = read(fd, ret + have, APPROVAL_KEY_SIZE - have);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    return true;
}

enum err approvals_take_key(int fd)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *page = map_page(size);
    enum err err = ERR_SYSTEM;

    if (page == NULL) {
        goto out;
    }
    err = read_key(fd, page) ? OK : ERR_MALFORMED;
    if (err == OK && mprotect(page, size, PROT_READ) != 0) {
        err = ERR_SYSTEM;
    }
    if (err != OK) {
        explicit_bzero(page, size);
        munmap(page, size);
        goto out;
    }
    key = page;
out:
    close(fd);
    return err;
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
