/* SPDX-License-Identifier: BSD-2-Clause */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"
#include "paths.h"

const char *connection_path(const char *given)
{
    const char *environment = getenv("SSH_AUTH_SOCK");

    if (given != NULL) {
        return given;
    }
    return environment != NULL && environment[0] != '\0' ? environment : VAULT_AGENT_SOCKET;
}

/* Waits until the socket can be read or written; errno is ETIMEDOUT if that is not in time. */
static bool ready(int fd, short events, uint64_t deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    uint64_t now;
    int n;

    do {
        now = boottime_ms();
        n = now < deadline ? poll(&poll_fd, 1, (int)(deadline - now)) : 0;
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        errno = ETIMEDOUT;
    }
    return n > 0;
}

static bool send_all(int fd, const uint8_t *data, size_t len, uint64_t deadline)
{
    ssize_t n;

    while (len > 0) {
        n = send(fd, data, len, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if ((errno != EAGAIN && errno != EINTR) || !ready(fd, POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

/* errno is 0 if the connection ended before. */
static bool receive_all(int fd, uint8_t *data, size_t len, uint64_t deadline)
{
    ssize_t n;

    while (len > 0) {
        n = recv(fd, data, len, 0);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n == 0) {
            errno = 0;
            return false;
        } else if ((errno != EAGAIN && errno != EINTR) || !ready(fd, POLLIN, deadline)) {
            return false;
        }
    }
    return true;
}

static enum err must_check connect_to(int fd, const char *path, char *ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(ret_why, CONNECTION_WHY_MAX,
                 "the path of the socket is too long, it may have %zu bytes: %.128s...",
                 sizeof address.sun_path - 1, path);
        return ERR_TOO_BIG;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return OK;
    }
    /* EAGAIN: nobody has taken connections from there for a long time. */
    snprintf(ret_why, CONNECTION_WHY_MAX, "cannot connect to %s: %s", path,
             errno == EAGAIN         ? "the agent takes no more connections: is it stopped?"
             : errno == ECONNREFUSED ? "no agent listens there any more"
             : errno == ENOENT       ? "no agent listens there"
                                     : strerror(errno));
    return ERR_SYSTEM;
}

enum err connection_exchange(int fd, struct view descriptor, struct view message, uint64_t deadline,
                             uint8_t *buffer, struct view *ret_answer)
{
    uint8_t length[4];
    uint32_t len;

    store_u32(length, (uint32_t)message.len);
    if (!send_all(fd, descriptor.data, descriptor.len, deadline) ||
        !send_all(fd, length, sizeof length, deadline) ||
        !send_all(fd, message.data, message.len, deadline) ||
        !receive_all(fd, length, sizeof length, deadline)) {
        return ERR_SYSTEM;
    }
    len = load_u32(length);
    if (len > FRAME_MAX) {
        return ERR_TOO_BIG;
    }
    if (!receive_all(fd, buffer, len, deadline)) {
        return ERR_SYSTEM;
    }
    *ret_answer = (struct view){.data = buffer, .len = len};
    return OK;
}

static void say_why(enum err err, const char *path, unsigned timeout_ms, char *ret_why)
{
    if (err == ERR_TOO_BIG) {
        snprintf(ret_why, CONNECTION_WHY_MAX,
                 "the agent on %s sends an answer that is too long: it is not split-ssh-agent",
                 path);
    } else if (errno == ETIMEDOUT) {
        snprintf(ret_why, CONNECTION_WHY_MAX,
                 "the agent on %s has not answered for %u seconds: is it stopped?", path,
                 timeout_ms / 1000U);
    } else {
        /* Which of the three it is says how far we were when it did. */
        snprintf(ret_why, CONNECTION_WHY_MAX, "the agent on %s does not answer: %s", path,
                 errno == 0 || errno == EPIPE || errno == ECONNRESET ? "it closed the connection"
                                                                     : strerror(errno));
    }
}

enum err connection_ask(const char *path, struct view message, unsigned timeout_ms, uint8_t *buffer,
                        struct view *ret_answer, char *ret_why)
{
    return connection_call(path, (struct view){NULL, 0}, message, timeout_ms, buffer, ret_answer,
                           ret_why);
}

enum err connection_call(const char *path, struct view descriptor, struct view message,
                         unsigned timeout_ms, uint8_t *buffer, struct view *ret_answer,
                         char *ret_why)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum err err;
    int saved;

    if (fd < 0) {
        snprintf(ret_why, CONNECTION_WHY_MAX, "cannot make a socket: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    err = connect_to(fd, path, ret_why);
    saved = errno;
    if (err == OK) {
        err = connection_exchange(fd, descriptor, message, boottime_ms() + timeout_ms, buffer,
                                  ret_answer);
        saved = errno;
        if (err != OK) {
            say_why(err, path, timeout_ms, ret_why);
        }
    }
    close(fd);
    errno = saved;
    return err;
}
