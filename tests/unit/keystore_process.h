/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real split-ssh-keystore at the other end of a socket, as the agent would run it (ipc.h), and
 * of another, which is the prompt's (side_ipc.h).
 */
#ifndef SPLIT_SSH_TESTS_KEYSTORE_PROCESS_H
#define SPLIT_SSH_TESTS_KEYSTORE_PROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "approval.h"
#include "ipc.h"
#include "unit.h"

#define PATIENCE_S 60 /* until a process counts as stuck */

struct keystore {
    pid_t pid;
    int fd;
    int side; /* the prompt's end; -1: closed */
    uint8_t token_key[APPROVAL_KEY_SIZE];
    struct view memory, sandbox; /* what its HELLO says of them */
    uint8_t answer[4 + IPC_MAX];
};

/* An answer; body points into the keystore's buffer until the next one. */
struct reply {
    enum err err;
    struct view body;
};

static inline pid_t keystore_spawn(posix_spawn_file_actions_t *actions)
{
    char *argv[] = {(char[]){KEYSTORE_PROGRAM}, (char[]){"-f"}, NULL};
    pid_t pid = -1;

    assert_int_equal(posix_spawn(&pid, KEYSTORE_PROGRAM, actions, NULL, argv, environ), 0);
    return pid;
}

/* Up to n bytes, fewer only at the end of the stream. */
static inline size_t keystore_read(struct keystore *k, uint8_t *ret, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = recv(k->fd, ret + have, n - have, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == ECONNRESET) { /* it went without having read everything */
            return have;
        }
        if (got < 0) {
            fail_msg("no answer from the keystore: %s", strerror(errno));
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    return have;
}

/* The next message: length, what it is, body. False at the end of the stream. */
static inline bool keystore_next(struct keystore *k, uint8_t *ret_what, struct view *ret_body)
{
    size_t len;

    if (keystore_read(k, k->answer, 4) == 0) {
        return false;
    }
    len = load_u32(k->answer);
    assert_true(len >= 1 && len <= IPC_MAX);
    assert_int_equal(keystore_read(k, k->answer + 4, len), len);
    *ret_what = k->answer[4];
    *ret_body = (struct view){k->answer + 5, len - 1};
    return true;
}

static inline void make_sockets_of(int type, int ret[2])
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret), 0);
    setsockopt(ret[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(ret[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static inline void make_sockets(int ret[2])
{
    make_sockets_of(SOCK_STREAM, ret);
}

/* What the prompt gets: one packet, before HELLO. */
static inline void keystore_read_token_key(struct keystore *k)
{
    uint8_t more;

    assert_int_equal(recv(k->side, k->token_key, sizeof k->token_key, MSG_TRUNC),
                     sizeof k->token_key);
    assert_int_equal(recv(k->side, &more, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static inline void keystore_close_side(struct keystore *k)
{
    if (k->side >= 0) {
        close(k->side);
        k->side = -1;
    }
}

/* Starts it and reads its HELLO. Without a prompt, that one's end is closed from the start. */
static inline void keystore_start_with(struct keystore *k, bool prompt)
{
    posix_spawn_file_actions_t actions;
    struct wire_reader r;
    uint8_t what = 0;
    struct view body = {NULL, 0};
    int ends[2];
    int side_ends[2];

    make_sockets(ends);
    make_sockets_of(SOCK_SEQPACKET, side_ends); /* both are above 4 */
    k->side = side_ends[0];
    if (!prompt) {
        keystore_close_side(k);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], IPC_FD);
    posix_spawn_file_actions_adddup2(&actions, side_ends[1], IPC_SIDE_FD);
    k->pid = keystore_spawn(&actions);
    k->fd = ends[0];
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    close(side_ends[1]);
    assert_true(keystore_next(k, &what, &body));
    assert_int_equal(what, IPC_HELLO);
    r = wire_reader(body.data, body.len);
    body = wire_string(&r, IPC_HELLO_MAX);
    k->memory = exact_copy(body.data, body.len);
    body = wire_string(&r, IPC_HELLO_MAX);
    k->sandbox = exact_copy(body.data, body.len);
    assert_int_equal(wire_end(&r), OK);
    if (prompt) {
        keystore_read_token_key(k);
    }
}

static inline void keystore_start(struct keystore *k)
{
    keystore_start_with(k, true);
}

/* Its exit status; killed by a signal is a failure. */
static inline int process_status(pid_t pid)
{
    const struct timespec interval = {.tv_nsec = 2000000};
    int status = 0;

    for (int i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
        if (i > PATIENCE_S * 500) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            fail_msg("the keystore did not end");
        }
        nanosleep(&interval, NULL);
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Waits for its end; the exit status. */
static inline int keystore_wait(struct keystore *k)
{
    int status = process_status(k->pid);

    close(k->fd);
    keystore_close_side(k);
    view_free(&k->memory);
    view_free(&k->sandbox);
    return status;
}

/* Closes the socket, which ends it, and waits. */
static inline int keystore_stop(struct keystore *k)
{
    shutdown(k->fd, SHUT_RDWR);
    return keystore_wait(k);
}

/* A keystore that has ended already is no failure here: see its status. */
static inline void keystore_send(struct keystore *k, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t n = send(k->fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return;
        }
        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

/* One frame: length, op, body. */
static inline void keystore_send_frame(struct keystore *k, uint8_t op, struct view body)
{
    uint8_t *frame = malloc(IPC_HEADER + body.len);

    assert_non_null(frame);
    store_u32(frame, (uint32_t)body.len + 1);
    frame[4] = op;
    if (body.len > 0) {
        memcpy(frame + IPC_HEADER, body.data, body.len);
    }
    keystore_send(k, frame, IPC_HEADER + body.len);
    free(frame);
}

static inline struct reply keystore_request(struct keystore *k, uint8_t op, struct view body)
{
    struct reply reply = {OK, {NULL, 0}};
    uint8_t what = 0;

    keystore_send_frame(k, op, body);
    assert_true(keystore_next(k, &what, &reply.body));
    assert_true(what <= ERR_MAX);
    reply.err = (enum err)what;
    if (reply.err != OK) {
        assert_int_equal(reply.body.len, 0);
    }
    return reply;
}

#define NO_BODY ((struct view){NULL, 0})

/* ADD, for the agent of this number. */
static inline struct reply keystore_add_for(struct keystore *k, uint32_t agent, bool constrained,
                                            uint32_t default_life, struct view message)
{
    static uint8_t bytes[IPC_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u32(&w, agent);
    put_u8(&w, constrained);
    put_u32(&w, default_life);
    put_bytes(&w, message.data, message.len);
    assert_int_equal(w.err, OK);
    return keystore_request(k, IPC_ADD, wire_written(&w));
}

static inline struct reply keystore_add(struct keystore *k, bool constrained, uint32_t default_life,
                                        struct view message)
{
    return keystore_add_for(k, 0, constrained, default_life, message);
}

/* REMOVE_ALL of the agent of this number. */
static inline enum err keystore_clear(struct keystore *k, uint32_t agent)
{
    uint8_t bytes[4];

    store_u32(bytes, agent);
    return keystore_request(k, IPC_REMOVE_ALL, (struct view){bytes, sizeof bytes}).err;
}

/* An entry of the answer to ADD and ADD_FILE. */
struct added {
    uint64_t id, deadline;
    uint8_t flags;
    struct view blob, comment, destinations;
};

static inline struct added read_entry(struct wire_reader *r)
{
    struct added added;

    added.id = wire_u64(r);
    added.deadline = wire_u64(r);
    added.flags = wire_u8(r);
    added.blob = wire_string(r, IPC_MAX);
    added.comment = wire_string(r, IPC_MAX);
    added.destinations = wire_string(r, IPC_MAX);
    return added;
}

/* An answer with one. */
static inline struct added read_added(struct reply reply)
{
    struct wire_reader r = wire_reader(reply.body.data, reply.body.len);
    struct added added = read_entry(&r);

    assert_int_equal(reply.err, OK);
    assert_int_equal(wire_end(&r), OK);
    return added;
}

/* SIGN, with an approval or whatever else there is in its place. */
static inline struct reply keystore_sign_with(struct keystore *k, uint64_t id, uint32_t flags,
                                              struct view qube, struct view approval,
                                              struct view data)
{
    static uint8_t bytes[IPC_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u64(&w, id);
    put_u32(&w, flags);
    put_string(&w, qube);
    put_string(&w, approval);
    put_bytes(&w, data.data, data.len);
    assert_int_equal(w.err, OK);
    return keystore_request(k, IPC_SIGN, wire_written(&w));
}

static inline struct reply keystore_sign(struct keystore *k, uint64_t id, uint32_t flags,
                                         struct view data)
{
    return keystore_sign_with(k, id, flags, NO_BODY, NO_BODY, data);
}

static inline enum err keystore_remove(struct keystore *k, uint64_t id)
{
    uint8_t bytes[8];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u64(&w, id);
    return keystore_request(k, IPC_REMOVE, wire_written(&w)).err;
}

/* REVOKE; NULL: all. */
static inline enum err keystore_revoke(struct keystore *k, const char *qube)
{
    uint8_t bytes[64];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, qube == NULL);
    put_text(&w, qube == NULL ? "" : qube);
    return keystore_request(k, IPC_REVOKE, wire_written(&w)).err;
}

/* LOCK or UNLOCK. */
static inline enum err keystore_passphrase(struct keystore *k, enum ipc_op op, const char *text)
{
    uint8_t bytes[64];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&w, text);
    return keystore_request(k, (uint8_t)op, wire_written(&w)).err;
}

/* The one of the test that runs; what cmocka calls before and after it. */
static struct keystore keystore;

static inline int run_keystore(void **state)
{
    (void)state;
    keystore_start(&keystore);
    return 0;
}

static inline int end_keystore(void **state)
{
    (void)state;
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
    return 0;
}

#endif
