/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that fail on demand: the allocations of the keystore and, through them, of libcrypto, and
 * the system calls by which the arena grows. For one file of a program that is linked with --wrap
 * for each of them.
 */
#ifndef SPLIT_SSH_TESTS_FAULTS_H
#define SPLIT_SSH_TESTS_FAULTS_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#define BLOCKS_MAX 4096

enum fault_kind { FAULT_NONE, FAULT_HEAP, FAULT_ARENA, FAULT_SYSTEM, FAULT_ARGON2 };

static struct {
    enum fault_kind kind;
    unsigned countdown; /* 1: the next one fails */
    bool hit;
    bool no_growth; /* the arena gets no more memory */
} fault;

/* Blocks of the arena that are in use since the last watch(): none may keep its bytes. */
static struct {
    uint8_t *start;
    size_t size;
} blocks[BLOCKS_MAX];
static size_t blocks_count;
static bool watching;

static inline bool fails(enum fault_kind kind)
{
    if (fault.kind != kind || fault.countdown == 0 || --fault.countdown > 0) {
        return false;
    }
    fault.hit = true;
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_secret_alloc(size_t n);
void *__real_secret_realloc(void *p, size_t n);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __real_mlock2(const void *at, size_t n, unsigned flags);
int __real_madvise(void *at, size_t n, int advice);
int __real_ftruncate(int fd, off_t n);
long __real_syscall(long number, ...);
int __real_crypto_pwhash(unsigned char *out, unsigned long long outlen, const char *passwd,
                         unsigned long long passwdlen, const unsigned char *salt,
                         unsigned long long opslimit, size_t memlimit, int alg);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_secret_alloc(size_t n);
void *__wrap_secret_realloc(void *p, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __wrap_mlock2(const void *at, size_t n, unsigned flags);
int __wrap_madvise(void *at, size_t n, int advice);
int __wrap_ftruncate(int fd, off_t n);
long __wrap_syscall(long number, ...);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long outlen, const char *passwd,
                         unsigned long long passwdlen, const unsigned char *salt,
                         unsigned long long opslimit, size_t memlimit, int alg);

void *__wrap_malloc(size_t n)
{
    return fails(FAULT_HEAP) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails(FAULT_HEAP) ? NULL : __real_calloc(count, n);
}

static inline void *watched(void *p, size_t n)
{
    if (watching && p != NULL && blocks_count < BLOCKS_MAX) {
        blocks[blocks_count].start = p;
        blocks[blocks_count++].size = n;
    }
    return p;
}

void *__wrap_secret_alloc(size_t n)
{
    return fails(FAULT_ARENA) ? NULL : watched(__real_secret_alloc(n), n);
}

void *__wrap_secret_realloc(void *p, size_t n)
{
    return fails(FAULT_ARENA) ? NULL : watched(__real_secret_realloc(p, n), n);
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    return fails(FAULT_SYSTEM) ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, offset);
}

int __wrap_mlock2(const void *at, size_t n, unsigned flags)
{
    return fault.no_growth || fails(FAULT_SYSTEM) ? -1 : __real_mlock2(at, n, flags);
}

int __wrap_madvise(void *at, size_t n, int advice)
{
    return fails(FAULT_SYSTEM) ? -1 : __real_madvise(at, n, advice);
}

int __wrap_ftruncate(int fd, off_t n)
{
    return fails(FAULT_SYSTEM) ? -1 : __real_ftruncate(fd, n);
}

long __wrap_syscall(long number, ...)
{
    va_list args;
    long a;
    long b;

    va_start(args, number);
    a = va_arg(args, long);
    b = va_arg(args, long);
    va_end(args);
    return fault.no_growth || fails(FAULT_SYSTEM) ? -1 : __real_syscall(number, a, b);
}

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long outlen, const char *passwd,
                         unsigned long long passwdlen, const unsigned char *salt,
                         unsigned long long opslimit, size_t memlimit, int alg)
{
    return fails(FAULT_ARGON2) ? -1
                               : __real_crypto_pwhash(out, outlen, passwd, passwdlen, salt,
                                                      opslimit, memlimit, alg);
}

static inline void set_fault(enum fault_kind kind, unsigned n)
{
    fault.kind = kind;
    fault.countdown = n;
    fault.hit = false;
}

/* Was there one? */
static inline bool end_fault(void)
{
    fault.kind = FAULT_NONE;
    return fault.hit;
}

#endif
