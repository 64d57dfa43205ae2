/* SPDX-License-Identifier: BSD-2-Clause */
#include "secret_memory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static bool no_memfd; /* as on a kernel without memfd_secret(2) */
static bool no_mlock;

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
int __real_mlock2(const void *at, size_t size, unsigned flags);
int __wrap_mlock2(const void *at, size_t size, unsigned flags);

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (no_memfd) {
        errno = ENOSYS;
        return -1;
    }
    return __real_syscall(number, a, b, c, d, e, f);
}

int __wrap_mlock2(const void *at, size_t size, unsigned flags)
{
    if (no_mlock) {
        errno = ENOMEM;
        return -1;
    }
    return __real_mlock2(at, size, flags);
}

static struct secret_memory mapped(size_t cap)
{
    struct secret_memory secret;

    assert_int_equal(secret_memory_map(cap, &secret), OK);
    assert_true(secret.cap >= cap);
    assert_int_equal(secret.len, 0);
    return secret;
}

/* What text becomes: of len bytes, or an error. */
static enum err cut(struct secret_memory *secret, const char *text, size_t len)
{
    memcpy(secret->bytes, text, len);
    secret->len = len;
    return secret_memory_cut_line(secret);
}

static void is_cut_at_the_end_of_a_line(void **state)
{
    static const struct {
        const char *text;
        size_t len, kept;
    } cases[] = {
        {"", 0, 0},         {"\n", 1, 0},         {"secret", 6, 6},
        {"secret\n", 7, 6}, {"secret\r\n", 8, 6}, {"two words\nx", 11, 9},
        {"a\0b", 3, 1},
    };
    struct secret_memory secret = mapped(PASSPHRASE_ROOM);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(cut(&secret, cases[i].text, cases[i].len), OK);
        assert_int_equal(secret.len, cases[i].kept);
        assert_memory_equal(secret.bytes, cases[i].text, cases[i].kept);
        for (size_t at = cases[i].kept; at < secret.cap; at++) {
            assert_int_equal(secret.bytes[at], 0);
        }
    }
    secret_memory_free(&secret);
}

static void longest(void **state)
{
    struct secret_memory secret = mapped(PASSPHRASE_ROOM);

    (void)state;
    memset(secret.bytes, 'x', PASSPHRASE_MAX + 1);
    secret.len = PASSPHRASE_MAX;
    assert_int_equal(secret_memory_cut_line(&secret), OK);
    assert_int_equal(secret.len, PASSPHRASE_MAX);
    memset(secret.bytes, 'x', PASSPHRASE_MAX + 1);
    secret.len = PASSPHRASE_MAX + 1;
    assert_int_equal(secret_memory_cut_line(&secret), ERR_TOO_BIG);
    assert_int_equal(secret.len, 0);
    assert_int_equal(secret.bytes[0], 0);
    secret_memory_free(&secret);
}

/* Written in parts, as a pipe may give them. */
static void is_read_from_a_pipe(void **state)
{
    struct secret_memory secret = mapped(PASSPHRASE_ROOM);
    int ends[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        for (const char *at = "secret\nmore"; *at != '\0'; at++) {
            (void)!write(ends[1], at, 1);
            usleep(1000);
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(secret_memory_read_line(&secret, ends[0]), OK);
    assert_int_equal(secret.len, 6);
    assert_memory_equal(secret.bytes, "secret", 6);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    assert_int_equal(secret_memory_read_line(&secret, ends[0]), ERR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_int_equal(secret.bytes[0], 0);
    secret_memory_free(&secret);
}

/* Does a child of ours have these pages? */
static bool is_inherited(const struct secret_memory *secret)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        unsigned char there;

        _exit(mincore(secret->bytes, secret->cap, &there) == 0);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status) != 0;
}

/* A field of the mapping in /proc/self/smaps: VmFlags has "lo" for locked, "dd" for no dump. */
static bool has_flag(const struct secret_memory *secret, const char *flag)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    char start[32];
    bool ours = false;
    bool found = false;

    assert_non_null(maps);
    snprintf(start, sizeof start, "%lx-", (unsigned long)(uintptr_t)secret->bytes);
    while (fgets(line, sizeof line, maps) != NULL) {
        ours = strncmp(line, start, strlen(start)) == 0 || (ours && strchr(line, '-') == NULL);
        found = found || (ours && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, flag) != NULL);
    }
    fclose(maps);
    return found;
}

static void check_pages(void)
{
    struct secret_memory secret = mapped(PASSPHRASE_ROOM);

    secret.bytes[0] = 1;
    assert_true(has_flag(&secret, " lo"));
    assert_true(has_flag(&secret, " dc")); /* no child has them */
    assert_false(is_inherited(&secret));
    secret_memory_free(&secret);
    assert_null(secret.bytes);
    secret_memory_free(&secret);
}

static void pages_are_secret(void **state)
{
    (void)state;
    check_pages();
}

static void pages_are_locked_where_there_is_no_memfd_secret(void **state)
{
    struct secret_memory secret;

    (void)state;
    no_memfd = true;
    check_pages();
    secret = mapped(1);
    assert_true(has_flag(&secret, " dd"));
    secret_memory_free(&secret);
    no_memfd = false;
}

static void nothing_without_locked_memory(void **state)
{
    struct secret_memory secret;

    (void)state;
    no_memfd = true;
    no_mlock = true;
    assert_int_equal(secret_memory_map(1, &secret), ERR_SYSTEM);
    assert_int_equal(errno, ENOMEM);
    no_memfd = false;
    no_mlock = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_cut_at_the_end_of_a_line),
        cmocka_unit_test(longest),
        cmocka_unit_test(is_read_from_a_pipe),
        cmocka_unit_test(pages_are_secret),
        cmocka_unit_test(pages_are_locked_where_there_is_no_memfd_secret),
        cmocka_unit_test(nothing_without_locked_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
