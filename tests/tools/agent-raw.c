/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Speaks to a stream socket as no honest client would.
 *
 *   agent-raw [-n CONNECTIONS] SOCKET COMMAND...
 *
 * All connections are made first, each with its descriptor if that is the first command, as qrexec
 * does it; then each command is done on each of them, in turn. Bytes are given in hex.
 *
 *   descriptor TEXT   sends TEXT and a NUL
 *   send HEX          sends bytes
 *   frame HEX         sends bytes, with their length in front
 *   drip HEX          sends bytes, each when the last one was taken or a moment has gone by
 *   zeros COUNT       sends bytes that are 0
 *   many COUNT HEX    sends bytes so often, in one write if the socket takes them
 *   eof               sends no more, but still reads
 *   pause MS          for the other side to look at what it has
 *   taken             waits until the other side has read everything
 *   read              prints the next frame without its length, in hex, as a line; "closed" if the
 *                     connection has ended instead, "silent" if nothing comes for a long time
 *   closed            waits for the end, whatever comes before it; prints "closed", or "open"
 *   hold              prints "holding" and waits to be ended by a signal
 *   forever           repeats the commands that follow until it is ended by a signal, or until
 *                     a connection has ended; read prints nothing
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "hex.h"

#define PATIENCE_MS   20000 /* "a long time": more than anything here takes */
#define DRIP_MS       2
#define ANSWER_MAX    (1U << 20)
#define DESCRIPTORS   16U /* for other things than connections */
#define CONNECTIONS_N "-n"
#define DESCRIPTOR    "descriptor"

struct connection {
    int fd;
    bool ended;
};

static struct connection *connections;
static size_t count = 1;
static bool quiet;

static _Noreturn void fail(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "agent-raw: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0') {
        fail(text, "not a number");
    }
    return n;
}

/* The bytes, in memory of the caller; room is left for reserve bytes in front. */
static uint8_t *from_hex(const char *text, size_t reserve, size_t *ret_len)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = malloc(reserve + len + 1);

    if (bytes == NULL) {
        fail("hex", strerror(errno));
    }
    if (!hex_read(text, bytes + reserve, len)) {
        fail(text, "not hex");
    }
    *ret_len = reserve + len;
    return bytes;
}

static void sleep_ms(unsigned long ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* A connection that the other side has closed takes everything; that it is closed shows later. */
static void send_all(struct connection *connection, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(connection->fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            fail("send", "the other side does not read");
        }
        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
}

static void do_descriptor(struct connection *connection, char **args)
{
    send_all(connection, (const uint8_t *)args[0], strlen(args[0]) + 1);
}

static void do_send(struct connection *connection, char **args)
{
    size_t len;
    uint8_t *bytes = from_hex(args[0], 0, &len);

    send_all(connection, bytes, len);
    free(bytes);
}

static void do_frame(struct connection *connection, char **args)
{
    size_t len;
    uint8_t *bytes = from_hex(args[0], 4, &len);

    for (size_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)((len - 4) >> (24 - 8 * i));
    }
    send_all(connection, bytes, len);
    free(bytes);
}

static bool is_taken(const struct connection *connection)
{
    int left = 0;

    return ioctl(connection->fd, SIOCOUTQ, &left) != 0 || left == 0;
}

static void do_drip(struct connection *connection, char **args)
{
    size_t len;
    uint8_t *bytes = from_hex(args[0], 0, &len);

    for (size_t i = 0; i < len; i++) {
        send_all(connection, bytes + i, 1);
        for (int ms = 0; ms < DRIP_MS && !is_taken(connection); ms++) {
            sleep_ms(1);
        }
    }
    free(bytes);
}

static void do_zeros(struct connection *connection, char **args)
{
    size_t len = number(args[0]);
    uint8_t *bytes = calloc(1, len + 1);

    if (bytes == NULL) {
        fail("zeros", strerror(errno));
    }
    send_all(connection, bytes, len);
    free(bytes);
}

static void do_many(struct connection *connection, char **args)
{
    size_t times = number(args[0]);
    size_t len;
    uint8_t *bytes = from_hex(args[1], 0, &len);
    uint8_t *all = malloc(times * len + 1);

    if (all == NULL) {
        fail("many", strerror(errno));
    }
    for (size_t i = 0; i < times; i++) {
        memcpy(all + i * len, bytes, len);
    }
    send_all(connection, all, times * len);
    free(all);
    free(bytes);
}

static void do_eof(struct connection *connection, char **args)
{
    (void)args;
    shutdown(connection->fd, SHUT_WR);
}

static void do_pause(struct connection *connection, char **args)
{
    (void)connection;
    sleep_ms(number(args[0]));
}

static void do_taken(struct connection *connection, char **args)
{
    (void)args;
    for (int ms = 0; !is_taken(connection); ms++) {
        if (ms == PATIENCE_MS) {
            fail("taken", "the other side does not read");
        }
        sleep_ms(1);
    }
}

/* Less than len if the connection ends or nothing comes; errno is EAGAIN in the second case. */
static size_t receive(struct connection *connection, uint8_t *bytes, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = recv(connection->fd, bytes + have, len - have, 0);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            connection->ended = n == 0 || errno != EAGAIN;
            break;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    return have;
}

static void do_read(struct connection *connection, char **args)
{
    static uint8_t bytes[ANSWER_MAX];
    uint8_t head[4];
    size_t len;

    (void)args;
    if (receive(connection, head, sizeof head) < sizeof head) {
        if (!quiet) {
            puts(connection->ended ? "closed" : "silent");
        }
        return;
    }
    len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > sizeof bytes || receive(connection, bytes, len) < len) {
        fail("read", "half an answer");
    }
    for (size_t i = 0; i < len && !quiet; i++) {
        printf("%02x", bytes[i]);
    }
    if (!quiet) {
        putchar('\n');
    }
}

static void do_closed(struct connection *connection, char **args)
{
    uint8_t bytes[4096];

    (void)args;
    while (receive(connection, bytes, sizeof bytes) == sizeof bytes) {
    }
    puts(connection->ended ? "closed" : "open");
}

static const struct command {
    const char *name;
    int args;
    void (*run)(struct connection *connection, char **args);
} commands[] = {
    {DESCRIPTOR, 1, do_descriptor},
    {"send", 1, do_send},
    {"frame", 1, do_frame},
    {"drip", 1, do_drip},
    {"zeros", 1, do_zeros},
    {"many", 2, do_many},
    {"eof", 0, do_eof},
    {"pause", 1, do_pause},
    {"taken", 0, do_taken},
    {"read", 0, do_read},
    {"closed", 0, do_closed},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    fail(name, "no such command");
}

/* How many words were used. */
static int run_one(char **words, int left)
{
    const struct command *command = find_command(words[0]);

    if (left <= command->args) {
        fail(words[0], "is not complete");
    }
    for (size_t i = 0; i < count; i++) {
        command->run(&connections[i], words + 1);
    }
    fflush(stdout);
    return 1 + command->args;
}

static bool have_ended(void)
{
    for (size_t i = 0; i < count; i++) {
        if (connections[i].ended) {
            return true;
        }
    }
    return false;
}

static void run_forever(char **words, int left)
{
    quiet = true;
    while (!have_ended()) {
        for (int i = 0; i < left;) {
            i += run_one(words + i, left - i);
        }
    }
}

static void run_all(char **words, int left)
{
    for (int i = 0; i < left;) {
        if (strcmp(words[i], "hold") == 0) {
            puts("holding");
            fflush(stdout);
            pause();
        } else if (strcmp(words[i], "forever") == 0) {
            run_forever(words + i + 1, left - i - 1);
            return;
        } else {
            i += run_one(words + i, left - i);
        }
    }
}

static void open_connection(struct connection *connection, const char *path)
{
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        fail(path, "too long");
    }
    memcpy(address.sun_path, path, strlen(path));
    connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        fail(path, strerror(errno));
    }
}

int main(int argc, char **argv)
{
    const struct command *greeting = NULL;
    int first = 1;
    struct rlimit limit;

    if (argc > 2 && strcmp(argv[1], CONNECTIONS_N) == 0) {
        count = number(argv[2]);
        first = 3;
    }
    connections = calloc(count, sizeof *connections);
    if (argc <= first || connections == NULL) {
        fail("usage", "agent-raw [-n CONNECTIONS] SOCKET COMMAND...");
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count + DESCRIPTORS) {
        limit.rlim_cur = count + DESCRIPTORS;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (argc > first + 2 && strcmp(argv[first + 1], DESCRIPTOR) == 0) {
        greeting = find_command(DESCRIPTOR);
    }
    for (size_t i = 0; i < count; i++) {
        open_connection(&connections[i], argv[first]);
        if (greeting != NULL) {
            greeting->run(&connections[i], argv + first + 2);
        }
    }
    first += greeting != NULL ? 3 : 1;
    run_all(argv + first, argc - first);
    free(connections);
    return EXIT_SUCCESS;
}
