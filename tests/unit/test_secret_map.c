/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the memory of the arena for secrets comes from: the two kinds, the limit, who cannot see
 * it, and each system call of the start failing in turn.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "secret_arena.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* The system calls of the arena come through here (ld --wrap). */
static struct {
    bool no_memfd;      /* memfd_secret is not to be had */
    bool no_mlock;      /* nor mlock */
    unsigned calls;     /* so far */
    unsigned fail_from; /* the calls with these numbers fail; 0: none */
    unsigned fail_to;
    const uint8_t *watched; /* a secret; was it wiped before it was unmapped? */
    bool was_zero;
} faults;

static bool fails(void)
{
    faults.calls++;
    if (faults.fail_from == 0 || faults.calls < faults.fail_from || faults.calls > faults.fail_to) {
        return false;
    }
    errno = ENFILE;
    return true;
}

long __real_syscall(long number, ...);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
int __real_mlock2(const void *at, size_t n, unsigned flags);
int __real_madvise(void *at, size_t n, int advice);
int __real_ftruncate(int fd, off_t n);
ssize_t __real_getrandom(void *data, size_t n, unsigned flags);
long __wrap_syscall(long number, ...);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t n);
int __wrap_mlock2(const void *at, size_t n, unsigned flags);
int __wrap_madvise(void *at, size_t n, int advice);
int __wrap_ftruncate(int fd, off_t n);
ssize_t __wrap_getrandom(void *data, size_t n, unsigned flags);

long __wrap_syscall(long number, ...)
{
    va_list args;
    long a;
    long b;

    va_start(args, number);
    a = va_arg(args, long);
    b = va_arg(args, long);
    va_end(args);
    if (number == SYS_memfd_secret && faults.no_memfd) {
        errno = ENOSYS;
        return -1;
    }
    return fails() ? -1 : __real_syscall(number, a, b);
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, offset);
}

int __wrap_munmap(void *at, size_t n)
{
    const uint8_t *start = at;

    if (faults.watched != NULL && faults.watched >= start && faults.watched < start + n) {
        faults.was_zero = is_zero(faults.watched, 1000);
    }
    return __real_munmap(at, n);
}

int __wrap_mlock2(const void *at, size_t n, unsigned flags)
{
    if (faults.no_mlock) {
        errno = EPERM;
        return -1;
    }
    return fails() ? -1 : __real_mlock2(at, n, flags);
}

int __wrap_madvise(void *at, size_t n, int advice)
{
    return fails() ? -1 : __real_madvise(at, n, advice);
}

int __wrap_ftruncate(int fd, off_t n)
{
    return fails() ? -1 : __real_ftruncate(fd, n);
}

ssize_t __wrap_getrandom(void *data, size_t n, unsigned flags)
{
    return fails() ? -1 : __real_getrandom(data, n, flags);
}

static int stop(void **state)
{
    (void)state;
    memset(&faults, 0, sizeof faults);
    secret_wipe_all();
    return 0;
}

static enum secret_kind kind(void)
{
    struct secret_info info;

    secret_info(&info);
    return info.kind;
}

static bool kernel_has_memfd(void)
{
    int fd = (int)__real_syscall(SYS_memfd_secret, 0L, 0L);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static size_t count_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    closedir(dir);
    return n;
}

/* Pages of address space in use. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[256];

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    return strtoul(line, NULL, 10);
}

/* Does a line of smaps start the mapping that p is in, or another one? */
static bool starts_mapping(const char *line, const void *p, bool *is_ours)
{
    char *end;
    uintptr_t from = strtoul(line, &end, 16);
    uintptr_t to = *end == '-' ? strtoul(end + 1, &end, 16) : 0;

    *is_ours = *is_ours && to == 0;
    *is_ours = *is_ours || ((uintptr_t)p >= from && (uintptr_t)p < to);
    return to != 0;
}

/* Has the mapping of p all of these flags, two letters and a space each (VmFlags of smaps)? */
static bool has_flags(const void *p, const char *flags)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[1024];
    bool is_ours = false;
    bool all = false;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (!starts_mapping(line, p, &is_ours) && is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            all = true;
            for (const char *flag = flags; *flag != '\0'; flag += 3) {
                const char word[] = {' ', flag[0], flag[1], ' ', '\0'};

                all = all && strstr(line, word) != NULL;
            }
        }
    }
    fclose(file);
    return all;
}

/* Through /proc, past the page tables of the process: what root does to read another one. */
static bool readable_from_outside(const uint8_t *p)
{
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    uint8_t byte;
    bool readable;

    assert_true(fd >= 0);
    readable = pread(fd, &byte, 1, (off_t)(uintptr_t)p) == 1;
    close(fd);
    return readable;
}

static void fill_past(size_t size)
{
    while (arena_size() <= size) {
        assert_non_null(secret_alloc(10000));
    }
}

static void test_memfd(void **state)
{
    size_t files = count_files();
    uint8_t *p;

    (void)state;
    if (!kernel_has_memfd()) {
        skip();
    }
    assert_int_equal(secret_init(), OK);
    assert_int_equal(kind(), SECRET_MEMFD);
    assert_int_equal(arena_size(), 2 * MIB);
    p = secret_alloc(100);
    assert_true(has_flags(p, "lo dd dc "));
    assert_false(readable_from_outside(p));
    fill_past(2 * MIB);
    p = secret_alloc(MIB);
    assert_true(has_flags(p, "lo dd dc "));
    assert_false(readable_from_outside(p));
    assert_int_equal(kind(), SECRET_MEMFD);
    assert_int_equal(count_files(), files);
}

static void test_fallback(void **state)
{
    size_t files = count_files();
    uint8_t *p;

    (void)state;
    faults.no_memfd = true;
    assert_int_equal(secret_init(), OK);
    assert_int_equal(kind(), SECRET_MLOCK);
    assert_int_equal(arena_size(), 2 * MIB);
    p = secret_alloc(100);
    assert_true(has_flags(p, "lo dd dc wf "));
    assert_true(readable_from_outside(p)); /* so that the other test's look would see something */
    faults.no_memfd = false;
    fill_past(2 * MIB);
    p = secret_alloc(MIB);
    assert_true(has_flags(p, "lo dd dc wf ")); /* the kind that was announced */
    assert_int_equal(kind(), SECRET_MLOCK);
    assert_int_equal(count_files(), files);
}

static void test_nothing_to_lock(void **state)
{
    size_t files = count_files();
    size_t space = address_space();

    (void)state;
    faults.no_memfd = true;
    faults.no_mlock = true;
    errno = 0;
    assert_int_equal(secret_init(), ERR_NO_MEMORY);
    assert_int_equal(errno, EPERM);
    assert_null(secret_alloc(1));
    assert_int_equal(count_files(), files);
    assert_int_equal(address_space(), space);
}

static void limited_to_1_mib(const void *arg)
{
    (void)arg;
    become_plain_user(MIB, MIB);
    errno = 0;
    EXPECT(secret_init() == ERR_NO_MEMORY);
    EXPECT(errno == ENOMEM || errno == EAGAIN);
    EXPECT(secret_alloc(1) == NULL);
}

static void raises_its_limit(const void *arg)
{
    struct secret_info info;

    (void)arg;
    become_plain_user(MIB, 4 * MIB + 100 * KIB);
    EXPECT(secret_init() == OK);
    secret_info(&info);
    EXPECT(info.cap == 4 * MIB + 64 * KIB);
    EXPECT(info.size == 2 * MIB);
    EXPECT(secret_alloc(2 * MIB - CANARY) != NULL);
    EXPECT(secret_alloc(MIB - CANARY) != NULL);
    EXPECT(secret_alloc(MIB - CANARY) != NULL);
    EXPECT(secret_alloc(64 * KIB) == NULL);
    EXPECT(secret_alloc(64 * KIB - CANARY) != NULL);
    EXPECT(secret_alloc(0) == NULL);
}

static void test_limits(void **state)
{
    struct child_end end;

    (void)state;
    if (!can_be_plain_user(8 * MIB)) {
        skip();
    }
    in_child(limited_to_1_mib, NULL, &end);
    print_message("%s", end.text);
    assert_int_equal(end.status, 0);
    in_child(raises_its_limit, NULL, &end);
    print_message("%s", end.text);
    assert_int_equal(end.status, 0);
}

/* The privilege to lock without a limit (CAP_IPC_LOCK) goes 64 MiB far. */
static void test_cap_of_the_privileged(void **state)
{
    struct secret_info info;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(secret_init(), OK);
    secret_info(&info);
    assert_int_equal(info.cap, 64 * MIB);
    while (secret_alloc(300000) != NULL) {
    }
    assert_int_equal(arena_size(), 64 * MIB);
}

static void test_growth_that_fails(void **state)
{
    uint8_t *first;

    (void)state;
    assert_int_equal(secret_init(), OK);
    first = secret_alloc(MIB);
    memset(first, 7, MIB);
    faults.calls = 0;
    faults.fail_from = 1;
    faults.fail_to = 1;
    assert_null(secret_alloc(3 * MIB / 2 - CANARY));
    assert_int_equal(arena_size(), 2 * MIB);
    assert_int_equal(first[MIB - 1], 7);
    assert_non_null(secret_alloc(100000));
    assert_non_null(secret_alloc(3 * MIB / 2 - CANARY)); /* the trouble is over */
    assert_int_equal(arena_size(), 7 * MIB / 2);
    secret_free(first);
}

/* A hole in the reservation that cannot be closed: no more growth, what is there goes on. */
static void test_growth_that_leaves_a_hole(void **state)
{
    uint8_t *first;

    (void)state;
    assert_int_equal(secret_init(), OK);
    first = secret_alloc(MIB);
    faults.calls = 0;
    faults.fail_from = 1;
    faults.fail_to = 100;
    assert_null(secret_alloc(3 * MIB / 2 - CANARY));
    faults.fail_from = 0;
    assert_null(secret_alloc(3 * MIB / 2 - CANARY));
    secret_free(first);
    assert_non_null(secret_alloc(3 * MIB / 2 - CANARY));
    assert_int_equal(arena_size(), 2 * MIB);
}

/* The n-th call fails, alone or with all after it: a start, or an error that leaves nothing. */
static void start_with_fault(unsigned from, unsigned to)
{
    size_t files = count_files();
    size_t space = address_space();
    enum err err;

    faults.calls = 0;
    faults.fail_from = from;
    faults.fail_to = to;
    err = secret_init();
    faults.fail_from = 0;
    if (err == OK) {
        assert_true(has_flags(secret_alloc(10), "lo dd dc "));
    } else {
        assert_true(err == ERR_NO_MEMORY || err == ERR_SYSTEM);
        assert_true(errno == ENFILE || (faults.no_memfd && errno == ENOSYS));
        assert_null(secret_alloc(10));
    }
    assert_int_equal(count_files(), files);
    secret_wipe_all();
    assert_int_equal(address_space(), space);
}

static void test_each_call_fails(void **state)
{
    unsigned calls;

    (void)state;
    for (int without_memfd = 0; without_memfd < 2; without_memfd++) {
        faults.no_memfd = without_memfd != 0;
        faults.calls = 0;
        assert_int_equal(secret_init(), OK);
        secret_wipe_all();
        calls = faults.calls;
        assert_true(calls > 5);
        for (unsigned i = 1; i <= calls; i++) {
            start_with_fault(i, i);
            start_with_fault(i, 1000);
        }
    }
}

static void touch_inherited(const void *arg)
{
    flip((uint8_t *)arg);
}

static void test_fork_inherits_nothing(void **state)
{
    struct child_end end;
    uint8_t *p;

    (void)state;
    for (int without_memfd = 0; without_memfd < 2; without_memfd++) {
        faults.no_memfd = without_memfd != 0;
        assert_int_equal(secret_init(), OK);
        p = secret_alloc(10);
        in_child(touch_inherited, p, &end);
        assert_true(WIFSIGNALED(end.status));
        assert_int_equal(WTERMSIG(end.status), SIGSEGV);
        fill_past(2 * MIB);
        in_child(touch_inherited, secret_alloc(MIB), &end);
        assert_true(WIFSIGNALED(end.status));
        secret_wipe_all();
    }
}

static void test_wipe_all_wipes(void **state)
{
    static const size_t sizes[] = {1000, 100000};
    uint8_t *p;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(secret_init(), OK);
        p = secret_alloc(sizes[i]);
        memset(p, 0x77, sizes[i]);
        faults.watched = p + sizes[i] - 1000;
        faults.was_zero = false;
        secret_wipe_all();
        assert_true(faults.was_zero);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_memfd, stop),
        cmocka_unit_test_teardown(test_fallback, stop),
        cmocka_unit_test_teardown(test_nothing_to_lock, stop),
        cmocka_unit_test(test_limits),
        cmocka_unit_test_teardown(test_cap_of_the_privileged, stop),
        cmocka_unit_test_teardown(test_growth_that_fails, stop),
        cmocka_unit_test_teardown(test_growth_that_leaves_a_hole, stop),
        cmocka_unit_test_teardown(test_each_call_fails, stop),
        cmocka_unit_test_teardown(test_fork_inherits_nothing, stop),
        cmocka_unit_test_teardown(test_wipe_all_wipes, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
