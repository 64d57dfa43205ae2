/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the arena for secrets have in common. */
#ifndef SPLIT_SSH_TESTS_SECRET_ARENA_H
#define SPLIT_SSH_TESTS_SECRET_ARENA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "secret.h"

#define KIB    ((size_t)1024)
#define MIB    ((size_t)1024 * 1024)
#define CANARY 8U /* bytes behind each block */
#define NOBODY 65534

/* ASan knows what is no live block and would report a look at it before the arena can. */
#define UNWATCHED __attribute__((no_sanitize("address")))

static inline UNWATCHED void flip(uint8_t *p)
{
    *(volatile uint8_t *)p ^= 0x40;
}

static inline UNWATCHED bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (((const volatile uint8_t *)p)[i] != 0) {
            return false;
        }
    }
    return true;
}

static inline size_t arena_used(void)
{
    struct secret_info info;

    secret_info(&info);
    return info.used;
}

static inline size_t arena_size(void)
{
    struct secret_info info;

    secret_info(&info);
    return info.size;
}

/* A plain user's process may lock this much; what a test that needs it can run at all needs. */
static inline bool can_be_plain_user(size_t limit)
{
    struct rlimit now;

    return geteuid() == 0 || (getrlimit(RLIMIT_MEMLOCK, &now) == 0 && now.rlim_max >= limit);
}

/* In a child: becomes a plain user with these limits for locked memory, in bytes. */
static inline void become_plain_user(size_t soft, size_t hard)
{
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};

    EXPECT(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    if (geteuid() == 0) {
        EXPECT(setgid(NOBODY) == 0);
        EXPECT(setuid(NOBODY) == 0);
    }
}

/* In a child: an arena that cannot grow past 8 MiB, a plain user's. */
static inline void start_small(void)
{
    become_plain_user(8 * MIB, 8 * MIB);
    EXPECT(secret_init() == OK);
}

/* Gives blocks back that filled the arena: a list through their first bytes. */
static inline void empty_arena(void **list)
{
    while (list != NULL) {
        void **next = *list;

        secret_free((void *)list);
        list = next;
    }
}

#endif
