/* SPDX-License-Identifier: BSD-2-Clause */
/* prompt-raw: key files and passphrases, by the agent's messages and the keystore's packets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "prompt-raw.h"
#include "side_ipc.h"

#define PATIENCE_MS 60000

static unsigned long drops;
static uint64_t untaken[PROMPT_KEYS_AHEAD]; /* tickets of which no packet was read */
static size_t untaken_count;

static void print(struct view v)
{
    fwrite(v.data, 1, v.len, stdout);
}

static void print_hex(const char *name, struct view v)
{
    printf(" %s=", name);
    for (size_t i = 0; i < v.len; i++) {
        printf("%02x", v.data[i]);
    }
}

void do_keys(char **args)
{
    uint8_t room[8192];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_KEYS);
    put_u8(&w, (uint8_t)number(args[0]));
    put_text(&w, args[1]);
    put_text(&w, args[2]);
    send_frame(wire_written(&w));
}

void do_reload(char **args)
{
    uint8_t room[1024];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_RELOAD);
    put_text(&w, args[0]);
    send_frame(wire_written(&w));
}

static void send_taken(uint64_t ticket)
{
    uint8_t room[16];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_TAKEN);
    put_u64(&w, ticket);
    send_frame(wire_written(&w));
}

void do_taken(char **args)
{
    send_taken(number(args[0]));
}

/* The next packet, which must have come by now or be on its way; *ret_fd may be -1. */
static struct wire_reader next_packet(int *ret_fd)
{
    static uint8_t bytes[SIDE_MAX + 1];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec room = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct pollfd ready = {.fd = side_end, .events = POLLIN};
    const struct cmsghdr *header;
    ssize_t n;

    if (poll(&ready, 1, PATIENCE_MS) != 1) {
        fail("side channel", "nothing comes");
    }
    n = recvmsg(side_end, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        fail("side channel", n < 0 ? strerror(errno) : "ended, or a packet is too long");
    }
    *ret_fd = -1;
    header = CMSG_FIRSTHDR(&message);
    if (header != NULL) {
        if (header->cmsg_len != CMSG_LEN(sizeof(int))) {
            fail("side channel", "more than one descriptor");
        }
        memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
    }
    return wire_reader(bytes, (size_t)n);
}

/* The packet of a ticket, after its type and ticket; DROPs before it are counted. */
static struct wire_reader packet_of(uint64_t ticket, enum side_message type, int *ret_fd)
{
    for (;;) {
        struct wire_reader r = next_packet(ret_fd);
        uint8_t got = wire_u8(&r);
        uint64_t number_of = wire_u64(&r);

        if (got == SIDE_DROP && *ret_fd < 0 && wire_end(&r) == OK) {
            drops++;
            continue;
        }
        if (got != type || number_of != ticket || *ret_fd < 0) {
            fail("side channel", "another packet than the agent was told");
        }
        return r;
    }
}

/* Is it the file of this name, at its start, for reading alone? */
static const char *judge_file(int fd, struct view path)
{
    char name[PROMPT_PATH_MAX + 1];
    struct stat mine;
    struct stat theirs;

    memcpy(name, path.data, path.len);
    name[path.len] = '\0';
    if (lseek(fd, 0, SEEK_CUR) != 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        return "odd";
    }
    return stat(name, &mine) == 0 && fstat(fd, &theirs) == 0 && mine.st_ino == theirs.st_ino &&
                   mine.st_dev == theirs.st_dev
               ? "file"
               : "other";
}

static void print_options(struct wire_reader *r)
{
    bool confirm = wire_bool(r);
    uint32_t life = wire_u32(r);
    struct view blob = wire_string(r, CERTIFICATE_MAX);
    struct view certificate = wire_string(r, CERTIFICATE_MAX);
    struct view comment = wire_string(r, SIDE_COMMENT_MAX);

    if (wire_end(r) != OK) {
        fail("side channel", "a malformed packet");
    }
    printf(" %s", confirm ? "confirm" : "-");
    if (life == SIDE_NO_LIFE) {
        fputs(" -", stdout);
    } else {
        printf(" %u", life);
    }
    print_hex("public", blob);
    print_hex("certificate", certificate);
    fputs(" comment=", stdout);
    print(comment);
}

enum taking { TAKE, LEAVE, BLINDLY };

static void print_key(struct wire_reader *r, enum taking taking)
{
    uint64_t ticket = wire_u64(r);
    struct view agent = wire_string(r, AGENT_NAME_MAX);
    struct view path = wire_string(r, PROMPT_PATH_MAX);
    uint32_t hops = wire_u32(r);
    struct wire_reader packet;
    int fd;

    fputs("key [", stdout);
    print(agent);
    fputs("] ", stdout);
    print(path);
    if (taking == BLINDLY) {
        if (untaken_count == PROMPT_KEYS_AHEAD) {
            fail("keys", "more than 16 ahead");
        }
        untaken[untaken_count++] = ticket;
        putchar('\n');
        return;
    }
    packet = packet_of(ticket, SIDE_FILE, &fd);
    printf(" %s", judge_file(fd, path));
    print_options(&packet);
    for (uint32_t i = 0; i < hops && i < PROMPT_HOPS_MAX; i++) {
        fputs(" hop=", stdout);
        print(wire_string(r, PROMPT_HOP_MAX));
    }
    putchar('\n');
    close(fd);
    if (taking == TAKE) {
        send_taken(ticket);
    }
}

/* "listening PATH", or "none". */
static void print_socket(void)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address;
    int listening = 0;
    socklen_t length = sizeof listening;

    if (received_fd < 0) {
        puts("none");
        return;
    }
    if (getsockopt(received_fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 ||
        listening != 1 || getsockname(received_fd, (struct sockaddr *)&address, &size) != 0) {
        fail("agent", "not a listening socket");
    }
    printf("listening %s\n", address.sun_path);
    received_fd = -1; /* and stays open, as the agent's would */
}

static void print_problem(struct wire_reader *r)
{
    struct view agent = wire_string(r, AGENT_NAME_MAX);
    struct view path = wire_string(r, PROMPT_PATH_MAX);
    struct view why = wire_string(r, PROMPT_TEXT_MAX);

    fputs("problem [", stdout);
    print(agent);
    fputs("] ", stdout);
    print(path);
    fputs(": ", stdout);
    print(why);
    putchar('\n');
}

/* Prints the next message about keys; true if it is a KEYS_END. */
static bool print_next(enum taking taking)
{
    struct wire_reader r = next_message();
    uint8_t type = wire_u8(&r);
    bool all;

    if (type != PROMPT_AGENT && received_fd >= 0) {
        fail("keys", "a descriptor with the wrong message");
    }
    switch (type) {
    case PROMPT_AGENT:
        fputs("agent ", stdout);
        print(wire_string(&r, AGENT_NAME_MAX));
        putchar(' ');
        print_socket();
        break;
    case PROMPT_KEY:
        print_key(&r, taking);
        break;
    case PROMPT_KEY_PROBLEM:
        print_problem(&r);
        break;
    case PROMPT_KEYS_END:
        all = wire_bool(&r);
        fputs(all ? "end all [" : "end [", stdout);
        print(wire_string(&r, AGENT_NAME_MAX));
        fputs("]\n", stdout);
        break;
    default:
        fail("keys", "something else came");
    }
    if (wire_end(&r) != OK) {
        fail("keys", "a malformed message");
    }
    return type == PROMPT_KEYS_END;
}

void do_keys_next(char **args)
{
    for (unsigned long left = number(args[0]); left > 0; left--) {
        print_next(strcmp(args[1], "take") == 0 ? TAKE : LEAVE);
    }
}

void do_keys_end(char **args)
{
    (void)args;
    while (!print_next(TAKE)) {
    }
}

void do_keys_blindly(char **args)
{
    (void)args;
    while (!print_next(BLINDLY)) {
    }
}

void do_take_those(char **args)
{
    (void)args;
    for (size_t i = 0; i < untaken_count; i++) {
        int fd;

        packet_of(untaken[i], SIDE_FILE, &fd);
        close(fd);
        send_taken(untaken[i]);
    }
    untaken_count = 0;
}

void do_passphrase(char **args)
{
    uint8_t room[8192];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_PASSPHRASE);
    put_u32(&w, (uint32_t)number(args[0]));
    for (int i = 1; i <= 4; i++) {
        put_text(&w, args[i]);
    }
    put_u8(&w, (uint8_t)number(args[5]));
    put_u8(&w, (uint8_t)number(args[6]));
    send_frame(wire_written(&w));
}

void do_opened(char **args)
{
    uint8_t room[16];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_OPENED);
    put_u32(&w, (uint32_t)number(args[0]));
    put_u8(&w, (uint8_t)number(args[1]));
    send_frame(wire_written(&w));
}

/* What is in the pipe, to its end. */
static void print_pipe(int fd)
{
    char bytes[PASSPHRASE_MAX + 1];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t n;

    while (poll(&ready, 1, PATIENCE_MS) == 1 && (n = read(fd, bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)n, stdout);
    }
    close(fd);
}

void do_secret(char **args)
{
    static const char *const verdicts[] = {"deny",    "allow-once", "allow-while",
                                           "timeout", "no-display", "failed"};
    struct wire_reader r = next_message();
    uint8_t type = wire_u8(&r);
    uint32_t serial = wire_u32(&r);
    uint8_t verdict = wire_u8(&r);
    uint64_t ticket = wire_u64(&r);
    bool stored = wire_bool(&r);
    struct wire_reader packet;
    int fd;

    (void)args;
    if (type != PROMPT_SECRET || wire_end(&r) != OK || verdict > PROMPT_FAILED) {
        fail("secret", "something else came");
    }
    printf("%u %s %s", serial, verdicts[verdict], stored ? "stored" : "-");
    if (verdict == PROMPT_ALLOW_ONCE) {
        packet = packet_of(ticket, SIDE_PASSPHRASE, &fd);
        if (wire_end(&packet) != OK) {
            fail("side channel", "a malformed packet");
        }
        putchar(' ');
        print_pipe(fd);
        send_taken(ticket);
    }
    putchar('\n');
}

void do_drops(char **args)
{
    while (drops < number(args[0])) {
        int fd;
        struct wire_reader r = next_packet(&fd);

        if (wire_u8(&r) != SIDE_DROP || wire_u64(&r) == 0 || wire_end(&r) != OK || fd >= 0) {
            fail("drops", "something else came");
        }
        drops++;
    }
    printf("%lu\n", drops);
}

void do_close_side(char **args)
{
    (void)args;
    close(side_end);
    side_end = -1;
}
