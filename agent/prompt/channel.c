/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rights.h"

#define LENGTH_SIZE 4U
#define QUEUED_MAX  64U

struct frame *frame_new(size_t cap, struct wire_writer *ret_writer)
{
    struct frame *frame = malloc(sizeof *frame + LENGTH_SIZE + cap);

    if (frame != NULL) {
        *frame = (struct frame){.fd = -1};
        *ret_writer = wire_writer(frame->bytes + LENGTH_SIZE, cap);
    }
    return frame;
}

void frame_free(struct frame *frame)
{
    if (frame != NULL && frame->fd >= 0) {
        close(frame->fd);
    }
    free(frame);
}

enum err channel_queue(struct channel *c, struct frame *frame, const struct wire_writer *writer)
{
    struct frame *smaller;

    if (writer->err != OK || writer->len > PROMPT_FRAME_MAX) {
        frame_free(frame);
        return ERR_TOO_BIG;
    }
    frame->len = LENGTH_SIZE + writer->len;
    store_u32(frame->bytes, (uint32_t)writer->len);
    smaller = realloc(frame, sizeof *frame + frame->len); /* files are given room to grow */
    frame = smaller == NULL ? frame : smaller;
    if (c->first == NULL) {
        c->first = frame;
    } else {
        c->last->next = frame;
    }
    c->last = frame;
    c->queued++;
    return OK;
}

/* What is left of a frame, and nothing else: a descriptor must not be taken for another frame's. */
static ssize_t send_frame(int fd, struct frame *frame)
{
    union rights rights = {.bytes = {0}};
    struct iovec bytes = {frame->bytes + frame->sent, frame->len - frame->sent};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t n;

    rights_put(&message, &rights, frame->fd);
    n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0 && frame->fd >= 0) {
        close(frame->fd);
        frame->fd = -1;
    }
    return n;
}

enum err channel_flush(struct channel *c)
{
    while (c->first != NULL) {
        struct frame *frame = c->first;
        ssize_t n = send_frame(c->fd, frame);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? OK : ERR_SYSTEM;
        }
        frame->sent += (size_t)n;
        if (frame->sent == frame->len) {
            c->first = frame->next;
            c->queued--;
            free(frame);
        }
    }
    return OK;
}

bool channel_is_idle(const struct channel *c)
{
    return c->first == NULL;
}

bool channel_is_full(const struct channel *c)
{
    return c->queued >= QUEUED_MAX;
}

enum err channel_receive(struct channel *c, bool *ret_end)
{
    ssize_t n;

    memmove(c->in, c->in + c->start, c->have);
    c->start = 0;
    n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? OK : ERR_SYSTEM;
    }
    c->have += (size_t)n;
    *ret_end = n == 0;
    return OK;
}

enum err channel_next(struct channel *c, struct view *ret)
{
    const uint8_t *at = c->in + c->start;
    uint32_t len;

    *ret = (struct view){at, 0};
    if (c->have < LENGTH_SIZE) {
        return OK;
    }
    len = load_u32(at);
    if (len > PROMPT_ASK_MAX) {
        return ERR_TOO_BIG;
    }
    if (len == 0) {
        return ERR_MALFORMED;
    }
    if (len <= c->have - LENGTH_SIZE) {
        *ret = (struct view){at + LENGTH_SIZE, len};
        c->start += LENGTH_SIZE + len;
        c->have -= LENGTH_SIZE + len;
    }
    return OK;
}
