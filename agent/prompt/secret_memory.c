/* SPDX-License-Identifier: BSD-2-Clause */
#include "secret_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* the same on every architecture; glibc before 2.34 lacks it */
#endif

/* Such memory is locked and left out of dumps by itself. NULL: the kernel has none to give. */
static void *map_memfd(size_t size)
{
    int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
    void *at = MAP_FAILED;

    if (fd < 0) {
        return NULL;
    }
    if (ftruncate(fd, (off_t)size) == 0) {
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (at == MAP_FAILED) {
        return NULL;
    }
    if (madvise(at, size, MADV_DONTFORK) != 0) {
        munmap(at, size);
        return NULL;
    }
    return at;
}

/* mlock2(2) without flags is mlock(2), which a build with ASan turns into nothing. */
static void *map_locked(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int saved;

    if (at == MAP_FAILED) {
        return NULL;
    }
    if (mlock2(at, size, 0) != 0 || madvise(at, size, MADV_DONTDUMP) != 0 ||
        madvise(at, size, MADV_WIPEONFORK) != 0 || madvise(at, size, MADV_DONTFORK) != 0) {
        saved = errno;
        munmap(at, size);
        errno = saved;
        return NULL;
    }
    return at;
}

enum err secret_memory_map(size_t cap, struct secret_memory *ret)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (cap + page - 1) / page * page;
    void *at = map_memfd(size);

    if (at == NULL) {
        at = map_locked(size);
    }
    if (at == NULL) {
        return ERR_SYSTEM;
    }
    *ret = (struct secret_memory){.bytes = at, .cap = size, .len = 0};
    return OK;
}

void secret_memory_wipe(struct secret_memory *secret)
{
    if (secret->bytes != NULL) {
        explicit_bzero(secret->bytes, secret->cap);
    }
    secret->len = 0;
}

void secret_memory_free(struct secret_memory *secret)
{
    if (secret->bytes != NULL) {
        secret_memory_wipe(secret);
        munmap(secret->bytes, secret->cap);
    }
    *secret = (struct secret_memory){.bytes = NULL};
}

enum err secret_memory_cut_line(struct secret_memory *secret)
{
    size_t len = 0;

    while (len < secret->len && secret->bytes[len] != '\0' && secret->bytes[len] != '\n' &&
           secret->bytes[len] != '\r') {
        len++;
    }
    if (len > PASSPHRASE_MAX) {
        secret_memory_wipe(secret);
        return ERR_TOO_BIG;
    }
    explicit_bzero(secret->bytes + len, secret->cap - len);
    secret->len = len;
    return OK;
}

enum err secret_memory_read_line(struct secret_memory *secret, int fd)
{
    ssize_t n;

    secret->len = 0;
    do {
        n = read(fd, secret->bytes + secret->len, PASSPHRASE_ROOM - secret->len);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            secret_memory_wipe(secret);
            return ERR_SYSTEM;
        }
        secret->len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 || (n < 0 && errno == EINTR)) && secret->len < PASSPHRASE_ROOM &&
             memchr(secret->bytes, '\n', secret->len) == NULL);
    return secret_memory_cut_line(secret);
}

enum err secret_memory_write(const struct secret_memory *secret, int fd)
{
    size_t done = 0;

    while (done < secret->len) {
        ssize_t n = write(fd, secret->bytes + done, secret->len - done);

        if (n < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return OK;
}
