/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program does at its start that split-ssh-agent runs as a helper (ipc.h). */
#ifndef SPLIT_SSH_HELPER_H
#define SPLIT_SSH_HELPER_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Has the descriptor a socket, as IPC_FD and IPC_SIDE_FD have if the agent started us? */
static inline bool helper_has_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A background agent's helper must not hold the terminal, or a pipe, that it was started on. */
static inline void helper_drop_stderr(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, STDERR_FILENO);
        close(null);
    }
}

#endif
