/* SPDX-License-Identifier: BSD-2-Clause */
#include "secret_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* the same on every architecture; glibc before 2.34 lacks it */
#endif

/* The kernel asks for CAP_IPC_LOCK, not for uid 0; libcap would be a library for one bit. */
static bool may_lock_without_limit(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capget, &header, data) == 0 &&
           (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

size_t secret_map_limit(size_t max)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > max || may_lock_without_limit()) {
        return max;
    }
    return limit.rlim_cur;
}

static bool map(void *at, size_t n, int prot, int flags, int fd)
{
    return mmap(at, n, prot, flags | MAP_FIXED, fd, 0) == at;
}

void *secret_map_reserve(size_t n)
{
    void *at = mmap(NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/*
 * The descriptor is the one way in from outside (pidfd_getfd, /proc/PID/fd), so it does not outlive
 * this function. Such memory is locked and left out of dumps by itself.
 */
static bool map_memfd(void *at, size_t n)
{
    int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
    bool mapped;
    int saved;

    if (fd < 0) {
        return false;
    }
    mapped = ftruncate(fd, (off_t)n) == 0 && map(at, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    saved = errno;
    close(fd);
    errno = saved;
    return mapped && madvise(at, n, MADV_DONTFORK) == 0;
}

/* mlock2(2) without flags is mlock(2), which a build with ASan turns into nothing. */
static bool map_mlock(void *at, size_t n)
{
    return map(at, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
           mlock2(at, n, 0) == 0 && madvise(at, n, MADV_DONTDUMP) == 0 &&
           madvise(at, n, MADV_DONTFORK) == 0 && madvise(at, n, MADV_WIPEONFORK) == 0;
}

enum err secret_map_lock(enum secret_kind kind, void *at, size_t n)
{
    enum err err = ERR_NO_MEMORY;
    int saved;

    if (kind == SECRET_MEMFD ? map_memfd(at, n) : map_mlock(at, n)) {
        return OK;
    }
    saved = errno;
    /* A failed MAP_FIXED may leave a hole, where the next mmap of anybody could land. */
    if (!map(at, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)) {
        err = ERR_SYSTEM;
    }
    errno = saved;
    return err;
}
