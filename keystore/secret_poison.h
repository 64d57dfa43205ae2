/* SPDX-License-Identifier: BSD-2-Clause */
/* In a build with ASan, memory of the arena that is no live block reports each use of it. */
#ifndef SPLIT_SSH_SECRET_POISON_H
#define SPLIT_SSH_SECRET_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1 /* as gcc calls it */
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static inline void secret_poison(const void *p, size_t n)
{
#ifdef __SANITIZE_ADDRESS__
    __asan_poison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

static inline void secret_unpoison(const void *p, size_t n)
{
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

#endif
