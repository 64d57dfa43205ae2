/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

static void send_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            die("the agent does not take a request");
        }
        data += n;
        len -= (size_t)n;
    }
}

struct target target_parse(char *text)
{
    struct target ret = {.name = text};
    char *path = strchr(text, '=');
    char *qube;

    if (path == NULL) {
        errno = 0;
        die("not NAME=SOCKET: %s", text);
    }
    *path++ = '\0';
    ret.path = path;
    qube = strchr(path, '@');
    if (qube != NULL) {
        *qube++ = '\0';
        ret.qube = qube;
    }
    return ret;
}

static void send_descriptor(int fd, const char *qube)
{
    char descriptor[DESCRIPTOR_MAX + 1];
    int n = snprintf(descriptor, sizeof descriptor, "qubes.SshAgent+ %s", qube);

    if (n < 0 || (size_t)n >= sizeof descriptor) {
        die("name of a qube is too long: %s", qube);
    }
    send_all(fd, (const uint8_t *)descriptor, (size_t)n + 1);
}

int client_connect(const struct target *to)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(to->path) >= sizeof address.sun_path) {
        die("path of a socket is too long: %s", to->path);
    }
    memcpy(address.sun_path, to->path, strlen(to->path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        die("%s", to->path);
    }
    if (to->qube != NULL) {
        send_descriptor(fd, to->qube);
    }
    return fd;
}

void client_open(struct client *c, const struct target *to)
{
    c->answer = malloc(4 + FRAME_MAX);
    if (c->answer == NULL) {
        die("no memory for an answer");
    }
    c->fd = client_connect(to);
}

void client_close(struct client *c)
{
    close(c->fd);
    free(c->answer);
    *c = (struct client){.fd = -1};
}

struct view client_ask(struct client *c, struct view frame)
{
    size_t have = 0;
    size_t want = 4;

    send_all(c->fd, frame.data, frame.len);
    while (have < want) {
        ssize_t n = recv(c->fd, c->answer + have, 4 + FRAME_MAX - have, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? 0 : errno;
            die("the agent closes the connection");
        }
        have += (size_t)n;
        if (want == 4 && have >= 4) {
            want = 4 + (size_t)load_u32(c->answer);
            if (want < 5 || want > 4 + FRAME_MAX) {
                die("an answer with a length of %zu", want - 4);
            }
        }
    }
    if (have > want) {
        die("more than one answer to one request");
    }
    return (struct view){.data = c->answer + 4, .len = want - 4};
}

uint64_t client_timed(struct client *c, struct view frame, uint8_t type)
{
    uint64_t start = now_ns();
    struct view answer = client_ask(c, frame);
    uint64_t end = now_ns();

    if (answer.data[0] != type) {
        errno = 0;
        die("the answer is of type %u, not %u", answer.data[0], type);
    }
    return end - start;
}
