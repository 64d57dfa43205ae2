/* SPDX-License-Identifier: BSD-2-Clause */
/* The prompt's end of the side channel (side_ipc.h), and the requests that name a ticket. */
#ifndef SPLIT_SSH_TESTS_KEYSTORE_SIDE_H
#define SPLIT_SSH_TESTS_KEYSTORE_SIDE_H

#include "keygen.h"
#include "keystore_process.h"
#include "side_ipc.h"

#define SIDE_FDS_MAX 253 /* the kernel's SCM_MAX_FD */

/* What a FILE packet says; the rest of it are the descriptor and these. */
struct side_file {
    uint64_t ticket;
    bool confirm;
    uint32_t life;
    struct view public, certificate, comment;
};

/* A packet with so many copies of a descriptor. A keystore that has ended is no failure here. */
static inline void side_send(struct keystore *k, struct view packet, int fd, size_t copies)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(SIDE_FDS_MAX * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)packet.data, .iov_len = packet.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    assert_true(copies <= SIDE_FDS_MAX);
    if (copies > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(copies * sizeof fd);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(copies * sizeof fd);
        for (size_t i = 0; i < copies; i++) {
            memcpy(CMSG_DATA(&control.header) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    n = sendmsg(k->side, &message, MSG_NOSIGNAL);
    assert_true(n == (ssize_t)packet.len || (n < 0 && (errno == EPIPE || errno == ECONNRESET)));
}

/* FILE with this descriptor, which is closed here. */
static inline void side_send_fd(struct keystore *k, const struct side_file *file, int fd)
{
    static uint8_t bytes[SIDE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    assert_true(fd >= 0);
    put_u8(&w, SIDE_FILE);
    put_u64(&w, file->ticket);
    put_u8(&w, file->confirm);
    put_u32(&w, file->life);
    put_string(&w, file->public);
    put_string(&w, file->certificate);
    put_string(&w, file->comment);
    assert_int_equal(w.err, OK);
    side_send(k, wire_written(&w), fd, 1);
    close(fd);
}

/* A file of the test's directory, for reading. */
static inline int side_open(const char *name)
{
    char path[512];

    keygen_path(name, path, sizeof path);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static inline void side_send_file(struct keystore *k, const struct side_file *file,
                                  const char *name)
{
    side_send_fd(k, file, side_open(name));
}

static inline void side_send_passphrase_fd(struct keystore *k, uint64_t ticket, int fd)
{
    uint8_t bytes[9];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_PASSPHRASE);
    put_u64(&w, ticket);
    side_send(k, wire_written(&w), fd, 1);
}

/* In a pipe that nobody writes to any more. */
static inline void side_send_passphrase(struct keystore *k, uint64_t ticket, struct view passphrase)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (passphrase.len > 0) {
        assert_int_equal(write(ends[1], passphrase.data, passphrase.len), passphrase.len);
    }
    close(ends[1]);
    side_send_passphrase_fd(k, ticket, ends[0]);
    close(ends[0]);
}

static inline void side_drop(struct keystore *k, uint64_t ticket)
{
    uint8_t bytes[9];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_DROP);
    put_u64(&w, ticket);
    side_send(k, wire_written(&w), -1, 0);
}

static inline struct reply keystore_add_file(struct keystore *k, uint32_t agent, uint64_t ticket,
                                             uint32_t default_life)
{
    uint8_t bytes[16];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u32(&w, agent);
    put_u64(&w, ticket);
    put_u32(&w, default_life);
    return keystore_request(k, IPC_ADD_FILE, wire_written(&w));
}

/* No two tickets of a test program are the same. */
static inline uint64_t next_ticket(void)
{
    static uint64_t ticket = 0x100000000ULL;

    return ++ticket;
}

/* A file with nothing beside it, and its one key. */
static inline struct added keystore_add_named(struct keystore *k, uint32_t agent, const char *name)
{
    const struct side_file file = {
        .ticket = next_ticket(), .life = SIDE_NO_LIFE, .comment = text_view(name)};

    side_send_file(k, &file, name);
    return read_added(keystore_add_file(k, agent, file.ticket, 0));
}

static inline enum err keystore_unseal_with(struct keystore *k, uint64_t id, uint64_t ticket)
{
    uint8_t bytes[16];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u64(&w, id);
    put_u64(&w, ticket);
    return keystore_request(k, IPC_UNSEAL, wire_written(&w)).err;
}

static inline enum err keystore_unseal(struct keystore *k, uint64_t id, const char *passphrase)
{
    uint64_t ticket = next_ticket();

    side_send_passphrase(k, ticket, text_view(passphrase));
    return keystore_unseal_with(k, id, ticket);
}

/* What UNSEALED says of this key, out of its body. */
static inline enum err unsealed_err(struct view body, uint64_t id)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint64_t of = wire_u64(&r);
    uint8_t err = wire_u8(&r);

    assert_int_equal(wire_end(&r), OK);
    assert_true(of == id);
    assert_true(err <= ERR_MAX);
    return (enum err)err;
}

/* Waits for UNSEALED, which is the next that comes. */
static inline enum err keystore_unsealed(struct keystore *k, uint64_t id)
{
    uint8_t what = 0;
    struct view body = {NULL, 0};

    assert_true(keystore_next(k, &what, &body));
    assert_int_equal(what, IPC_UNSEALED);
    return unsealed_err(body, id);
}

/* A key file with a passphrase, which is `passphrase`, in the format that -m calls so. */
static inline void make_sealed_as(const char *name, const char *type, const char *bits,
                                  const char *rounds, const char *format)
{
    const char *const argv[] = {"ssh-keygen", "-q",   "-t", type,   "-b", bits,
                                "-a",         rounds, "-m", format, "-N", "passphrase",
                                "-C",         name,   "-f", name,   NULL};

    keygen_run(NULL, argv);
}

static inline void make_sealed(const char *name, const char *type, const char *bits,
                               const char *rounds)
{
    make_sealed_as(name, type, bits, rounds, "RFC4716"); /* the default: openssh-key-v1 */
}

#endif
