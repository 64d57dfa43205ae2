/* SPDX-License-Identifier: BSD-2-Clause */
#include "descriptor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "limits.h"
#include "secret.h"

static_assert(sizeof(long) == 8, "struct stat is the kernel's on such machines alone");

/*
 * The call itself: fstat(3) of glibc 2.33 to 2.38 is newfstatat(2), which a sandbox can not keep
 * from names of files.
 */
static enum err status_of(int fd, struct stat *ret)
{
    return syscall(SYS_fstat, fd, ret) == 0 ? OK : ERR_SYSTEM;
}

/* Up to n bytes, fewer only at the end. */
static enum err read_up_to(int fd, uint8_t *bytes, size_t n, size_t *ret_len)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = read(fd, bytes + have, n - have);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_SYSTEM;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    *ret_len = have;
    return OK;
}

enum err descriptor_file(int fd, uint8_t **ret, size_t *ret_len)
{
    struct stat status;
    uint8_t *bytes;
    size_t size;
    size_t len = 0;
    enum err err = status_of(fd, &status);

    if (err != OK) {
        return err;
    }
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
        return ERR_FILE_FORMAT;
    }
    if (status.st_size > (off_t)KEY_FILE_MAX) {
        return ERR_TOO_BIG;
    }
    size = (size_t)status.st_size;
    bytes = secret_alloc(size + 1); /* one more would be a file that has grown */
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    err = read_up_to(fd, bytes, size + 1, &len);
    if (err == OK && len != size) {
        err = ERR_FILE_FORMAT;
    }
    if (err != OK) {
        secret_free(bytes);
        return err;
    }
    *ret = bytes;
    *ret_len = len;
    return OK;
}

/* A pipe whose writers are gone gives what it holds, and then its end. */
static bool is_complete(int fd)
{
    struct pollfd pipe = {.fd = fd, .events = POLLIN};
    struct stat status;

    return status_of(fd, &status) == OK && S_ISFIFO(status.st_mode) && poll(&pipe, 1, 0) == 1 &&
           (pipe.revents & POLLHUP) != 0;
}

enum err descriptor_passphrase(int fd, uint8_t **ret, size_t *ret_len)
{
    uint8_t *bytes;
    size_t len = 0;
    enum err err;

    if (!is_complete(fd)) {
        return ERR_PASSPHRASE;
    }
    bytes = secret_alloc(PASSPHRASE_MAX + 1); /* one more is too many */
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    err = read_up_to(fd, bytes, PASSPHRASE_MAX + 1, &len);
    if (err == OK && (len == 0 || len > PASSPHRASE_MAX)) {
        err = ERR_PASSPHRASE;
    }
    if (err != OK) {
        secret_free(bytes);
        return err;
    }
    *ret = bytes;
    *ret_len = len;
    return OK;
}
