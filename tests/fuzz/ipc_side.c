/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc_side.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"
#include "side.h"

#define TICKETS   64U /* of one input */
#define PIPE_SIZE 4096U

static int prompt_fd = -1;
static uint64_t tickets[TICKETS];
static size_t tickets_count;
static int writers[TICKETS]; /* of pipes that stay open */
static size_t writers_count;

bool side_start(void)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        perror("socketpair");
        return false;
    }
    prompt_fd = fcntl(fds[0], F_DUPFD_CLOEXEC, IPC_SIDE_FD + 1);
    if (prompt_fd < 0 || dup2(fds[1], IPC_SIDE_FD) < 0) {
        perror("side channel");
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (fds[i] > IPC_SIDE_FD) {
            close(fds[i]);
        }
    }
    return true;
}

static int make_file(struct view bytes)
{
    int fd = memfd_create("key file", MFD_CLOEXEC);

    CHECK(fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static int make_pipe(struct view bytes, bool open)
{
    size_t len = bytes.len < PIPE_SIZE ? bytes.len : PIPE_SIZE;
    int fds[2];

    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    CHECK(len == 0 || write(fds[1], bytes.data, len) == (ssize_t)len);
    if (open && writers_count < TICKETS) {
        writers[writers_count++] = fds[1];
    } else {
        close(fds[1]);
    }
    return fds[0];
}

/* How many descriptors go with the packet. */
static size_t make(enum side_descriptor kind, struct view bytes, int ret[2])
{
    switch (kind) {
    case SIDE_REGULAR:
    case SIDE_TWO:
        ret[0] = make_file(bytes);
        ret[1] = kind == SIDE_TWO ? make_file(bytes) : -1;
        return kind == SIDE_TWO ? 2 : 1;
    case SIDE_PIPE:
    case SIDE_OPEN:
        ret[0] = make_pipe(bytes, kind == SIDE_OPEN);
        return 1;
    case SIDE_SOCKET:
        ret[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(ret[0] >= 0);
        return 1;
    default:
        return 0;
    }
}

void side_send(struct view packet, enum side_descriptor kind, struct view bytes)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {(void *)packet.data, packet.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fds[2];
    size_t count = make(kind, bytes, fds);

    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)),
                                          .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    /* An empty packet would be the end of the channel, which is closed for good then. */
    if (packet.len > 0) {
        (void)!sendmsg(prompt_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); /* full: left out */
    }
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
}

void side_expect(uint64_t ticket)
{
    if (tickets_count < TICKETS) {
        tickets[tickets_count++] = ticket;
    }
}

/* What the keystore did not read. Descriptors that are not taken over are closed by the kernel. */
static void drain(void)
{
    uint8_t byte;

    while (recv(IPC_SIDE_FD, &byte, 1, MSG_DONTWAIT) > 0) {
    }
}

void side_clear(void)
{
    struct ticket ticket;

    drain();
    for (size_t i = 0; i < tickets_count; i++) {
        if (side_take(SIDE_FILE, tickets[i], &ticket) == OK ||
            side_take(SIDE_PASSPHRASE, tickets[i], &ticket) == OK) {
            ticket_free(&ticket);
        }
    }
    tickets_count = 0;
    while (writers_count > 0) {
        close(writers[--writers_count]);
    }
}
