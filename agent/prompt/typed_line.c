/* SPDX-License-Identifier: BSD-2-Clause */
#include "typed_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* Standard input has something to read, or its end; a terminal has a line then. */
static enum err wait_for_input(int withdrawn)
{
    struct pollfd fds[] = {{.fd = withdrawn, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};

    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR) {
            return ERR_SYSTEM;
        }
    }
    return fds[0].revents != 0 ? ERR_ANSWER : OK;
}

static enum err read_line(int withdrawn, struct secret_memory *ret)
{
    enum err err = wait_for_input(withdrawn);

    if (err == OK) {
        err = secret_memory_read_line(ret, STDIN_FILENO);
    }
    return err == OK && ret->len == 0 ? ERR_NOT_FOUND : err;
}

enum err typed_line(const char *path, int withdrawn, struct secret_memory *ret)
{
    struct termios before;
    struct termios silent;
    enum err err;

    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return read_line(withdrawn, ret);
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) {
        return ERR_SYSTEM;
    }
    fprintf(stderr, "Passphrase of %s: ", path);
    err = read_line(withdrawn, ret);
    fputc('\n', stderr);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) != 0 && err == OK) {
        err = ERR_SYSTEM;
    }
    return err;
}
