/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/prompt/key_open.c: how much of a file is read before it goes to the keystore. */
#include "key_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define ARMOR "-----BEGIN OPENSSH PRIVATE KEY-----\n"

static char path[] = "/tmp/key_open.XXXXXX";
static off_t furthest; /* byte that was asked for */
static bool was_read;

ssize_t __real_pread(int fd, void *bytes, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t at);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);

ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t at)
{
    off_t end = at + (off_t)n;

    furthest = end > furthest ? end : furthest;
    return __real_pread(fd, bytes, n, at);
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    was_read = true;
    return __real_read(fd, bytes, n);
}

static int start(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    return fd < 0 ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    return unlink(path);
}

/* Is it a key? Then it is at its start, and can be read by whoever gets it. */
static bool opens(const char *text, size_t len)
{
    static struct key_opened key;
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fwrite(text, 1, len, file);
    fclose(file);
    furthest = 0;
    was_read = false;
    key_open(path, &key);
    assert_false(was_read);
    assert_true(key.fd < 0 || key.problems == 0);
    if (key.fd < 0) {
        return false;
    }
    assert_int_equal(lseek(key.fd, 0, SEEK_CUR), 0);
    assert_int_equal(fcntl(key.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(key.fd);
    return true;
}

static void test_no_byte_of_the_key(void **state)
{
    static const char *const heads[] = {
        ARMOR,
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\r\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "Bag Attributes\n  friendlyName: x\n\n-----BEGIN RSA PRIVATE KEY-----\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        char text[4096];
        int n = snprintf(text, sizeof text, "%sSECRETSECRET\n-----END\n", heads[i]);

        assert_true(opens(text, (size_t)n));
        assert_int_equal(furthest, strlen(heads[i]));
    }
}

static void test_no_key(void **state)
{
    static char zeros[100000];

    (void)state;
    assert_false(opens("", 0));
    assert_false(opens("PRIVATE KEY\n", 12));
    assert_false(opens(zeros, sizeof zeros));
    assert_true(furthest <= 2048);
    memset(zeros, '\n', sizeof zeros);
    memcpy(zeros + 3000, ARMOR, sizeof ARMOR - 1); /* too far behind */
    assert_false(opens(zeros, sizeof zeros));
    assert_true(furthest <= 2048);
    memset(zeros, 'x', sizeof zeros);
    assert_false(opens(zeros, sizeof zeros));
    assert_true(furthest <= 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_byte_of_the_key),
        cmocka_unit_test(test_no_key),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
