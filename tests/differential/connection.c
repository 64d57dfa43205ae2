/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "differential.h"

int side_connect(const char *path)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0) {
        die("socket: %s", strerror(errno));
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void side_open(struct side *side, unsigned connection)
{
    if (side->fds[connection] < 0) {
        side->fds[connection] = side_connect(side->path);
    }
}

void side_close(struct side *side, unsigned connection)
{
    if (side->fds[connection] >= 0) {
        close(side->fds[connection]);
    }
    side->fds[connection] = -1;
}

/* An agent that closes meanwhile says so when its answer is read. */
void side_send(struct side *side, unsigned connection, struct view bytes, size_t cut)
{
    size_t done = 0;

    while (done < bytes.len) {
        size_t len = cut > 0 && cut < bytes.len - done ? cut : bytes.len - done;
        ssize_t n = send(side->fds[connection], bytes.data + done, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        done += (size_t)n;
    }
}

void side_shutdown(struct side *side, unsigned connection)
{
    shutdown(side->fds[connection], SHUT_WR);
}

/* ANSWER_FRAME: all len bytes came. */
static enum answer_kind receive(int fd, uint8_t *bytes, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = recv(fd, bytes + have, len - have, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return ANSWER_NONE;
        }
        if (n <= 0) {
            return ANSWER_CLOSED;
        }
        have += (size_t)n;
    }
    return ANSWER_FRAME;
}

struct answer side_receive(struct side *side, unsigned connection)
{
    struct answer answer = {.kind = ANSWER_CLOSED};
    uint8_t header[4];

    if (side->fds[connection] >= 0) {
        answer.kind = receive(side->fds[connection], header, sizeof header);
    }
    if (answer.kind != ANSWER_FRAME) {
        return answer;
    }
    answer.len = load_u32(header);
    if (answer.len == 0 || answer.len > FRAME_MAX) {
        die("%s sends a frame of %zu bytes", side->program, answer.len);
    }
    answer.body = malloc(answer.len);
    if (answer.body == NULL) {
        die("out of memory");
    }
    answer.kind = receive(side->fds[connection], answer.body, answer.len);
    return answer;
}
