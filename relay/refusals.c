/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limits.h"
#include "refusals.h"
#include "watch.h"
#include "wire.h"

#define READ_MAX 4096U /* bytes at a time: nobody here is in a hurry */

static void drop(const struct refusals *refusals, struct refusal *refusal)
{
    /* Closing is not enough: a process that the child left behind may hold the connection. */
    (void)epoll_ctl(refusals->epoll, EPOLL_CTL_DEL, refusal->fd, NULL);
    close(refusal->fd);
    *refusal = (struct refusal){.fd = -1};
}

/* False if the client does not read its answers or is gone. */
static bool answer(struct refusal *refusal)
{
    static const uint8_t failure[5] = {0, 0, 0, 1, 5}; /* SSH_AGENT_FAILURE, RFC 9987 */

    refusal->answer_at = NEVER;
    return send(refusal->fd, failure, sizeof failure, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)sizeof failure;
}

/* Counts requests; answers each that is complete. False if this cannot be the agent protocol. */
static bool count(struct refusal *refusal, const uint8_t *data, size_t n)
{
    while (n > 0) {
        size_t part;

        if (refusal->head < sizeof refusal->length) {
            refusal->length[refusal->head++] = *data++;
            n--;
            if (refusal->head < sizeof refusal->length) {
                continue;
            }
            refusal->left = load_u32(refusal->length);
            if (refusal->left == 0 || refusal->left > FRAME_MAX) {
                return false;
            }
        }
        part = n < refusal->left ? n : refusal->left;
        data += part;
        n -= part;
        refusal->left -= (uint32_t)part;
        if (refusal->left == 0) {
            refusal->head = 0;
            if (!answer(refusal)) {
                return false;
            }
        }
    }
    return true;
}

void refusals_read(struct refusals *refusals, unsigned index)
{
    struct refusal *refusal = &refusals->refusal[index];
    uint8_t data[READ_MAX];
    ssize_t n;

    if (refusal->close_at == 0) {
        return;
    }
    /* Not O_NONBLOCK: the flag is the open file's, and so it would be the qrexec client's too. */
    n = recv(refusal->fd, data, sizeof data, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0 || !count(refusal, data, (size_t)n)) {
        drop(refusals, refusal);
    }
}

void refusals_add(struct refusals *refusals, int fd, int64_t now)
{
    struct refusal *refusal = NULL;

    for (unsigned i = 0; refusal == NULL; i = (i + 1) % REFUSALS_MAX) {
        if (refusals->refusal[i].close_at == 0) {
            refusal = &refusals->refusal[i];
        } else if (i == REFUSALS_MAX - 1) {
            refusals_drop_oldest(refusals);
        }
    }
    *refusal = (struct refusal){
        .fd = fd, .answer_at = now + REFUSAL_WAIT_MS, .close_at = now + REFUSAL_LIMIT_MS};
    if (!watch_set(refusals->epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP, WATCH_REFUSAL,
                   (unsigned)(refusal - refusals->refusal))) {
        drop(refusals, refusal);
    }
}

int64_t refusals_expire(struct refusals *refusals, int64_t now)
{
    int64_t next = NEVER;

    for (unsigned i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *refusal = &refusals->refusal[i];

        if (refusal->close_at == 0) {
            continue;
        }
        if (refusal->answer_at <= now && refusal->head > 0) {
            refusal->answer_at = NEVER; /* half a request is here, its end brings the answer */
        }
        if (refusal->close_at <= now || (refusal->answer_at <= now && !answer(refusal))) {
            drop(refusals, refusal);
            continue;
        }
        next = refusal->close_at < next ? refusal->close_at : next;
        next = refusal->answer_at < next ? refusal->answer_at : next;
    }
    return next;
}

bool refusals_drop_oldest(struct refusals *refusals)
{
    unsigned oldest = REFUSALS_MAX;

    for (unsigned i = 0; i < REFUSALS_MAX; i++) {
        if (refusals->refusal[i].close_at != 0 &&
            (oldest == REFUSALS_MAX ||
             refusals->refusal[i].close_at < refusals->refusal[oldest].close_at)) {
            oldest = i;
        }
    }
    if (oldest == REFUSALS_MAX) {
        return false;
    }
    /* It may have asked in this very moment. */
    refusals_read(refusals, oldest);
    if (refusals->refusal[oldest].close_at != 0) {
        drop(refusals, &refusals->refusal[oldest]);
    }
    return true;
}

void refusals_close(struct refusals *refusals)
{
    while (refusals_drop_oldest(refusals)) {
    }
}
