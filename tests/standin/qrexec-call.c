/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qrexec-client-vm of a booted machine: hands the call to dom0's stand-in (dom0.py), which decides,
 * and answers with a connection to the service or with an exit status. Then it joins that to stdin
 * and stdout.
 *
 *   qrexec-client-vm [-t] [-T] [--] TARGET SERVICE[+ARG]
 *
 * QREXEC_STANDIN_SOCKET: where dom0 listens for this machine, if it is not SOCKET_PATH.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "limits.h"
#include "shuttle.h"

#define SOCKET_PATH "/run/qrexec-standin/socket"
#define TARGET_MAX  63U /* qrexec's message has 64 bytes, with the NUL */
/* Exit status (qubes-core-qrexec, libqrexec/qrexec.h). */
#define PROBLEM     125
#define REFUSED     126
#define EAT_WAIT_MS 1000

static _Noreturn void __attribute__((format(printf, 2, 3)))
fail(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

/* One datagram: target, service, each with its NUL. */
static void send_call(int dom0, const char *target, const char *service)
{
    char message[TARGET_MAX + SERVICE_MAX + 2U];
    int n;

    if (strlen(target) > TARGET_MAX || strlen(service) > SERVICE_MAX) {
        fail(PROBLEM, "TARGET and SERVICE+ARG have at most %u bytes", TARGET_MAX);
    }
    n = snprintf(message, sizeof message, "%s%c%s", target, '\0', service);
    if (send(dom0, message, (size_t)n + 1U, MSG_NOSIGNAL) < 0) {
        fail(PROBLEM, "dom0: %s", strerror(errno));
    }
}

/* The answer is one byte, the exit status; with 0 comes the descriptor of the connection. */
static int receive_answer(int dom0, int *ret_fd)
{
    union {
        struct cmsghdr header;
        char buffer[CMSG_SPACE(sizeof(int))];
    } control;
    unsigned char status = PROBLEM;
    struct iovec iov = {.iov_base = &status, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buffer,
                         .msg_controllen = sizeof control.buffer};
    const struct cmsghdr *cmsg;
    ssize_t n = recvmsg(dom0, &msg, MSG_CMSG_CLOEXEC);

    if (n != 1) {
        fail(PROBLEM, "dom0 did not answer");
    }
    cmsg = CMSG_FIRSTHDR(&msg);
    if (status == 0 && (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)) {
        fail(PROBLEM, "dom0 sent no connection");
    }
    if (status == 0) {
        memcpy(ret_fd, CMSG_DATA(cmsg), sizeof *ret_fd);
    }
    return status;
}

static int connect_dom0(void)
{
    const char *path = getenv("QREXEC_STANDIN_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (path == NULL) {
        path = SOCKET_PATH;
    }
    if (strlen(path) >= sizeof address.sun_path) {
        fail(PROBLEM, "%s: too long", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1U);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail(PROBLEM, "%s: %s", path, strerror(errno));
    }
    return fd;
}

/* dom0's no comes before anything is read; a failure in the target when that has begun. */
static _Noreturn void refuse(int status)
{
    struct pollfd client = {.fd = STDIN_FILENO, .events = POLLIN};
    char thrown_away[4096];

    if (status == REFUSED) {
        fail(status, "Request refused");
    }
    if (poll(&client, 1, EAT_WAIT_MS) > 0 &&
        read(STDIN_FILENO, thrown_away, sizeof thrown_away) < 0) {
        fail(PROBLEM, "stdin: %s", strerror(errno));
    }
    exit(status);
}

int main(int argc, char **argv)
{
    struct end service;
    int dom0;
    int status;
    int option;

    while ((option = getopt(argc, argv, "+tT")) != -1) {
        if (option == '?') {
            return 2;
        }
    }
    if (argc - optind != 2) {
        fail(2, "usage: %s [-t] [-T] [--] TARGET SERVICE[+ARG]", argv[0]);
    }
    signal(SIGPIPE, SIG_IGN);
    dom0 = connect_dom0();
    send_call(dom0, argv[optind], argv[optind + 1]);
    status = receive_answer(dom0, &service.in);
    if (status != 0) {
        refuse(status);
    }
    service.out = service.in;
    if (!shuttle((struct end){.in = STDIN_FILENO, .out = STDOUT_FILENO}, service)) {
        fail(PROBLEM, "poll: %s", strerror(errno));
    }
    return 0;
}
