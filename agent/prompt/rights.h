/* SPDX-License-Identifier: BSD-2-Clause */
/* One descriptor that goes with a message (SCM_RIGHTS, unix(7)). */
#ifndef PROMPT_RIGHTS_H
#define PROMPT_RIGHTS_H

#include <string.h>
#include <sys/socket.h>

/* Room for it; all zero at first, and stays until the message is sent. */
union rights {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* Puts fd, which stays the caller's, into the message; does nothing for -1. */
static inline void rights_put(struct msghdr *message, union rights *rights, int fd)
{
    struct cmsghdr *header;

    if (fd < 0) {
        return;
    }
    message->msg_control = rights->bytes;
    message->msg_controllen = sizeof rights->bytes;
    header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
}

#endif
