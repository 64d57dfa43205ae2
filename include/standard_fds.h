/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SPLIT_SSH_STANDARD_FDS_H
#define SPLIT_SSH_STANDARD_FDS_H

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/*
 * Opens /dev/null for each of standard input, output and error that is closed, so that nothing else
 * gets their numbers. To be called first. False if that fails.
 */
static inline bool standard_fds_open(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
    return fd >= 0;
}

#endif
