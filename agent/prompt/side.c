/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <sys/socket.h>

#include "log.h"
#include "rights.h"

#define SEND_BUFFER ((int)(4U * SIDE_MAX)) /* bytes: a packet must fit, whatever the default is */
#define HEAD_MAX    64U                    /* bytes of a packet without strings */

void side_start(struct side *s, int fd)
{
    const int size = SEND_BUFFER;

    *s = (struct side){.fd = fd};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* or less, which is enough */
}

static enum side_sent judge(struct side *s)
{
    switch (errno) {
    case EAGAIN:
        s->blocked = true;
        return SIDE_FULL;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
    case ECONNREFUSED:
    case EBADF:
    case ENOTSOCK:
        log_line("the keystore is gone: no key file and no passphrase can be given to it");
        s->dead = true;
        return SIDE_DEAD;
    default:
        return SIDE_FAILED;
    }
}

/* One packet, with descriptor unless it is -1. */
static enum side_sent send_packet(struct side *s, struct view packet, int descriptor)
{
    union rights rights = {.bytes = {0}};
    struct iovec bytes = {(void *)packet.data, packet.len};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t n;

    rights_put(&message, &rights, descriptor);
    do {
        n = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? judge(s) : SIDE_SENT;
}

static bool can_send(const struct side *s)
{
    return !s->blocked && !s->dead;
}

void side_go_on(struct side *s)
{
    uint64_t ticket;

    while (can_send(s) && tickets_to_drop(&s->tickets, &ticket)) {
        uint8_t bytes[HEAD_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_u8(&w, SIDE_DROP);
        put_u64(&w, ticket);
        if (send_packet(s, wire_written(&w), -1) == SIDE_FULL) {
            return;
        }
        tickets_forget(&s->tickets, ticket);
    }
}

/* What was dropped goes first, so that the keystore never has more than we know of. */
static enum side_sent send_with_ticket(struct side *s, const struct wire_writer *w, int fd,
                                       enum ticket_kind kind)
{
    enum side_sent sent = SIDE_FAILED;

    side_go_on(s);
    if (!can_send(s)) {
        return s->dead ? SIDE_DEAD : SIDE_FULL;
    }
    errno = EMSGSIZE;
    if (w->err == OK) {
        sent = send_packet(s, wire_written(w), fd);
    }
    if (sent == SIDE_SENT) {
        tickets_open(&s->tickets, kind);
    }
    return sent;
}

uint64_t side_next_ticket(const struct side *s)
{
    return tickets_next(&s->tickets);
}

enum side_sent side_send_file(struct side *s, const struct side_file *file)
{
    static uint8_t bytes[SIDE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_FILE);
    put_u64(&w, side_next_ticket(s));
    put_u8(&w, file->confirm);
    put_u32(&w, file->life);
    put_string(&w, file->public_blob);
    put_string(&w, file->certificate);
    put_string(&w, file->comment);
    return send_with_ticket(s, &w, file->fd, TICKET_KEY);
}

enum side_sent side_send_passphrase(struct side *s, int fd)
{
    uint8_t bytes[HEAD_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_PASSPHRASE);
    put_u64(&w, side_next_ticket(s));
    return send_with_ticket(s, &w, fd, TICKET_SECRET);
}

enum err side_taken(struct side *s, uint64_t ticket)
{
    enum err err = tickets_take(&s->tickets, ticket);

    if (err == OK) {
        side_go_on(s);
    }
    return err;
}

void side_unblock(struct side *s)
{
    s->blocked = false;
}
