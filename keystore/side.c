/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"

/*
 * More than the socket's buffer takes, at half a KiB for the smallest packet, so that what a
 * request names is among them; and not without end, for who has a request waits meanwhile.
 */
#define AT_ONCE 1024U

/* Places are free where the bytes are NULL; a lower order came earlier. */
static struct {
    struct ticket ticket;
    uint64_t order;
} places[TICKETS_MAX];
static uint64_t count; /* of tickets that came */
static bool closed;

/* Room for one descriptor more than any packet has, so that it is seen. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

bool side_is_open(void)
{
    return !closed;
}

void ticket_free(struct ticket *ticket)
{
    if (ticket->fd >= 0) {
        close(ticket->fd);
    }
    free(ticket->bytes);
    *ticket = (struct ticket){.fd = -1};
}

static size_t find(uint64_t number)
{
    size_t i = 0;

    while (i < TICKETS_MAX &&
           (places[i].ticket.bytes == NULL || places[i].ticket.packet.ticket != number)) {
        i++;
    }
    return i;
}

/* Takes it over. The oldest makes way. */
static void keep(const struct ticket *ticket)
{
    size_t best = 0;

    for (size_t i = 0; i < TICKETS_MAX && places[best].ticket.bytes != NULL; i++) {
        if (places[i].ticket.bytes == NULL || places[i].order < places[best].order) {
            best = i;
        }
    }
    if (places[best].ticket.bytes != NULL) {
        ticket_free(&places[best].ticket);
    }
    places[best].ticket = *ticket;
    places[best].order = ++count;
}

static void drop(uint64_t number)
{
    size_t place = find(number);

    if (place < TICKETS_MAX) {
        ticket_free(&places[place].ticket);
    }
}

/* fd: what came with it, -1 for nothing. Takes that over in any case. */
static enum err handle(struct view packet, int fd)
{
    struct ticket ticket = {.fd = fd, .bytes = malloc(packet.len)};
    enum err err = OK;

    if (ticket.bytes == NULL) {
        goto out;
    }
    memcpy(ticket.bytes, packet.data, packet.len);
    err = ERR_MALFORMED;
    if (packet_read((struct view){ticket.bytes, packet.len}, &ticket.packet) != OK) {
        goto out;
    }
    if (ticket.packet.type == SIDE_DROP && fd < 0) {
        drop(ticket.packet.ticket);
        err = OK;
    } else if (ticket.packet.type != SIDE_DROP && fd >= 0 &&
               find(ticket.packet.ticket) == TICKETS_MAX) {
        keep(&ticket);
        return OK;
    }
out:
    ticket_free(&ticket);
    return err;
}

/* The one descriptor of a message, -1 for none. ERR_MALFORMED: there is anything else. */
static enum err descriptor_of(struct msghdr *message, int *ret)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);

    if ((message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return ERR_MALFORMED;
    }
    *ret = -1;
    if (header == NULL) {
        return OK;
    }
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)) || CMSG_NXTHDR(message, header) != NULL) {
        return ERR_MALFORMED;
    }
    memcpy(ret, CMSG_DATA(header), sizeof *ret);
    return OK;
}

/* One packet. *ret_more: there may be another. */
static enum err receive(bool *ret_more)
{
    static uint8_t bytes[SIDE_MAX];
    union control control;
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(IPC_SIDE_FD, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    enum err err;
    int fd;

    if (n < 0 && errno == EINTR) {
        return OK;
    }
    *ret_more = n > 0;
    if (n < 0 && errno != ECONNRESET) {
        return errno == EAGAIN ? OK : ERR_SYSTEM;
    }
    if (n <= 0) {
        closed = true;
        close(IPC_SIDE_FD);
        return OK;
    }
    err = descriptor_of(&message, &fd);
    return err == OK ? handle((struct view){bytes, (size_t)n}, fd) : err;
}

enum err side_receive(void)
{
    bool more = !closed;
    enum err err = OK;

    for (unsigned n = 0; n < AT_ONCE && more && err == OK; n++) {
        err = receive(&more);
    }
    return err;
}

enum err side_take(enum side_message type, uint64_t number, struct ticket *ret)
{
    size_t place = find(number);

    if (place == TICKETS_MAX || places[place].ticket.packet.type != type) {
        return ERR_NOT_FOUND;
    }
    *ret = places[place].ticket;
    places[place].ticket = (struct ticket){.fd = -1};
    return OK;
}
