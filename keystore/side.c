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

/* Places are free where the packet is NULL; a lower order came earlier. */
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
    free(ticket->packet);
    *ticket = (struct ticket){.fd = -1};
}

static size_t find(uint64_t number)
{
    size_t i = 0;

    while (i < TICKETS_MAX &&
           (places[i].ticket.packet == NULL || places[i].ticket.number != number)) {
        i++;
    }
    return i;
}

/* Takes it over. The oldest makes way. */
static void keep(const struct ticket *ticket)
{
    size_t best = 0;

    for (size_t i = 0; i < TICKETS_MAX && places[best].ticket.packet != NULL; i++) {
        if (places[i].ticket.packet == NULL || places[i].order < places[best].order) {
            best = i;
        }
    }
    if (places[best].ticket.packet != NULL) {
        ticket_free(&places[best].ticket);
    }
    places[best].ticket = *ticket;
    places[best].order = ++count;
}

static enum err drop(struct wire_reader *r)
{
    uint64_t number = wire_u64(r);
    enum err err = wire_end(r);
    size_t place = find(number);

    if (err == OK && place < TICKETS_MAX) {
        ticket_free(&places[place].ticket);
    }
    return err;
}

/* A packet that holds a copy of its bytes on the heap; what it holds is the caller's to free. */
static enum err read_ticket(struct wire_reader *r, struct ticket *ticket)
{
    ticket->number = wire_u64(r);
    if (ticket->type == SIDE_FILE) {
        ticket->confirm = wire_bool(r);
        ticket->life = wire_u32(r);
        ticket->public = wire_string(r, CERTIFICATE_MAX);
        ticket->certificate = wire_string(r, CERTIFICATE_MAX);
        ticket->comment = wire_string(r, SIDE_COMMENT_MAX);
    }
    if (wire_end(r) != OK || find(ticket->number) < TICKETS_MAX) {
        return ERR_MALFORMED;
    }
    return OK;
}

/* fd: what came with it, -1 for nothing. Takes that over in any case. */
static enum err handle(struct view packet, int fd)
{
    struct ticket ticket = {.fd = fd, .packet = malloc(packet.len)};
    struct wire_reader r = wire_reader(ticket.packet, packet.len);
    enum err err = ERR_MALFORMED;

    if (ticket.packet == NULL) {
        ticket_free(&ticket);
        return OK;
    }
    memcpy(ticket.packet, packet.data, packet.len);
    ticket.type = wire_u8(&r);
    if (ticket.type == SIDE_DROP && fd < 0) {
        err = drop(&r);
    } else if ((ticket.type == SIDE_FILE || ticket.type == SIDE_PASSPHRASE) && fd >= 0) {
        err = read_ticket(&r, &ticket);
        if (err == OK) {
            keep(&ticket);
            return OK;
        }
    }
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

    if (place == TICKETS_MAX || places[place].ticket.type != type) {
        return ERR_NOT_FOUND;
    }
    *ret = places[place].ticket;
    places[place].ticket = (struct ticket){.fd = -1};
    return OK;
}
