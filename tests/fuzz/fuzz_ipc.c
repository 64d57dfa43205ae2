/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keystore's serve() with an agent and a prompt that say what the input says: requests and
 * packets, right ones and damaged ones, in pieces of any size. ipc_model.c knows what the answers
 * may be.
 *
 * An input is a row of strings (RFC 4251), each a command: a byte that says which (ipc_peers.h),
 * and its fields. The keystore waits for its peers in poll(2), which is ours here: there the next
 * command is carried out, so that all is one thread, and the same each time. So are the clock, and
 * the derivation of a key from a passphrase, which takes a tenth of a second.
 */
#include "arena.h"
#include "ipc_peers.h"
#include "keytable.h"
#include "lock.h"
#include "serve.h"
#include "unsealing.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)32 * 1024)
#define STEPS_MAX 1000U /* of opening key files: some rounds of bcrypt */
#define FDS       64    /* that are looked at */

static uint8_t locked_with[PASSPHRASE_MAX];
static size_t locked_with_len;

struct ipc_peers peer;
uint64_t now_ms = 1000 * (uint64_t)DAY_MS;
uint64_t last_ticket;
const uint8_t token_key[APPROVAL_KEY_SIZE] = "the key of approvals, 32 bytes.";

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long passphrase_len, const unsigned char *salt,
                         unsigned long long ops, size_t memory, int algorithm);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock != CLOCK_BOOTTIME) {
        return __real_clock_gettime(clock, ret);
    }
    *ret = (struct timespec){.tv_sec = (time_t)(now_ms / 1000),
                             .tv_nsec = (long)(now_ms % 1000) * 1000000L};
    return 0;
}

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long passphrase_len, const unsigned char *salt,
                         unsigned long long ops, size_t memory, int algorithm)
{
    (void)ops;
    (void)memory;
    (void)algorithm;
    if (!lock_is_closed()) {
        CHECK(passphrase_len <= sizeof locked_with);
        memcpy(locked_with, passphrase, passphrase_len);
        locked_with_len = (size_t)passphrase_len;
    }
    return crypto_generichash(out, (size_t)out_len, (const uint8_t *)passphrase, passphrase_len,
                              salt, crypto_pwhash_SALTBYTES);
}

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int null = open("/dev/null", O_RDWR);

    (void)argc;
    (void)argv;
    /* Both numbers are the keystore's, whatever was there. */
    if (null < 0 || dup2(null, IPC_FD) < 0 || dup2(null, IPC_SIDE_FD) < 0 || !side_start()) {
        return 1;
    }
    return arena_start();
}

/* The answers that are there. */
static void take_answers(void)
{
    ssize_t n;
    size_t len;

    while ((n = recv(peer.fd, peer.in + peer.in_have, sizeof peer.in - peer.in_have,
                     MSG_DONTWAIT)) > 0) {
        peer.in_have += (size_t)n;
        while (peer.in_have >= 4 && peer.in_have >= (len = 4 + (size_t)load_u32(peer.in))) {
            CHECK(len >= IPC_HEADER && len <= ANSWER_MAX);
            model_answer((struct view){peer.in + 4, len - 4});
            peer.in_have -= len;
            memmove(peer.in, peer.in + len, peer.in_have);
        }
        CHECK(peer.in_have < sizeof peer.in);
    }
}

static void send_piece(void)
{
    size_t left = peer.out_len - peer.out_sent;
    size_t piece = peer.cut > 0 && peer.cut < left ? peer.cut : left;
    ssize_t n = send(peer.fd, peer.out + peer.out_sent, piece, MSG_DONTWAIT | MSG_NOSIGNAL);

    CHECK(n >= 0);
    peer.out_sent += (size_t)n;
}

static void close_agent(void)
{
    close(peer.fd);
    peer.fd = -1;
}

/* The keystore has done all it can, and looks who else has something to say. */
static void take_turn(bool is_idle)
{
    struct view command;

    if (peer.fd < 0) {
        return;
    }
    take_answers();
    if (peer.out_sent < peer.out_len) {
        send_piece();
        return;
    }
    CHECK(!model_is_waiting()); /* it has all of the request, and does nothing else now */
    if (peer.settles && model_is_unsealing() && peer.steps++ < STEPS_MAX) {
        return;
    }
    peer.settles = false;
    command = wire_string(&peer.program, INPUT_MAX);
    if (peer.program.err == OK) {
        struct wire_reader r = wire_reader(command.data, command.len);

        ipc_command(&r);
        if (peer.out_sent < peer.out_len) {
            send_piece();
        }
    } else if (is_idle || peer.steps++ >= STEPS_MAX) {
        CHECK(!is_idle || model_is_lost() || !model_is_unsealing());
        close_agent();
    }
}

/* Not to wait for ever means that the keystore has work to do. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    int ready;

    if (count != 2) {
        return __real_poll(fds, count, timeout_ms);
    }
    do {
        take_turn(timeout_ms < 0);
        ready = __real_poll(fds, count, 0);
    } while (ready == 0 && timeout_ms < 0);
    return ready;
}

static void start(const uint8_t *data, size_t size)
{
    int fds[2];

    memset(&peer, 0, sizeof peer);
    model_reset();
    peer.program = wire_reader(data, size);
    peer.first_ticket = last_ticket;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(dup2(fds[1], IPC_FD) == IPC_FD);
    close(fds[1]);
    peer.fd = fds[0];
}

/* As before the first request. */
static void stop(void)
{
    struct unsealed unsealed;

    if (peer.fd >= 0) {
        take_answers();
        close_agent();
    }
    CHECK(dup2(IPC_SIDE_FD, IPC_FD) == IPC_FD); /* so that the number stays taken */
    unsealing_lock();
    if (unsealing_is_due()) {
        (void)!unsealing_step(now_ms, &unsealed);
    }
    if (lock_is_closed()) {
        CHECK(lock_open((struct view){locked_with, locked_with_len}) == OK);
    }
    keytable_clear();
    side_clear();
    model_reset();
    now_ms += 2 * (uint64_t)DAY_MS; /* no approval is good any more */
}

/* Descriptors that were not there before: none, unless the keystore's end has to close them. */
static void check_descriptors(const bool *before, bool has_ended)
{
    for (int fd = 0; fd < FDS; fd++) {
        if (!before[fd] && fcntl(fd, F_GETFD) >= 0) {
            CHECK(has_ended);
            close(fd);
        }
    }
}

static void run(const uint8_t *data, size_t size)
{
    bool descriptors[FDS];
    int status;

    for (int fd = 0; fd < FDS; fd++) {
        descriptors[fd] = fcntl(fd, F_GETFD) >= 0;
    }
    start(data, size);
    status = serve(token_key);
    CHECK(status == IPC_EXIT_OK || (status == IPC_EXIT_PROTOCOL && peer.may_break));
    stop();
    check_descriptors(descriptors, status != IPC_EXIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned tries = 0;
    size_t before;

    if (size > INPUT_MAX) {
        return 0;
    }
    do {
        CHECK(tries++ < 4);
        before = arena_used();
        run(data, size);
    } while (arena_used() > before);
    return 0;
}
