/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signature of ours, and what it cannot do without: the client's bytes go through a stream socket
 * to one process and through a SOCK_SEQPACKET pair to another one, which signs with the library
 * alone. These two do nothing else: no frame is read, no key looked up, nothing logged.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CHAIN_MAX 2U

struct chain {
    struct view request;
    size_t answer; /* bytes */
    unsigned hops; /* 0: the first process answers, 1: it asks a second one */
    bool signs;
    struct raw_key *key;
    int fd; /* of the client */
    pid_t pids[CHAIN_MAX];
};

struct own {
    struct client client;
    struct message request;
};

static size_t take(int fd, uint8_t *buffer, size_t want)
{
    size_t have = 0;

    while (have < want) {
        ssize_t n = recv(fd, buffer + have, want - have, 0);

        if (n <= 0) {
            _exit(0); /* the other side has gone: the end of a process of a chain */
        }
        have += (size_t)n;
    }
    return have;
}

static void give(int fd, const uint8_t *buffer, size_t len)
{
    if (send(fd, buffer, len, MSG_NOSIGNAL) != (ssize_t)len) {
        _exit(BENCH_BROKEN);
    }
}

static void __attribute__((noreturn)) second_process(const struct chain *chain, int fd)
{
    static uint8_t buffer[MESSAGE_MAX];
    uint8_t signature[RAW_MAX] = {0};

    for (;;) {
        size_t len = take(fd, buffer, chain->request.len);

        if (chain->signs) {
            raw_sign(chain->key, (struct view){.data = buffer, .len = len}, signature);
        }
        give(fd, signature, chain->answer);
    }
}

static void __attribute__((noreturn)) first_process(const struct chain *chain, int client, int next)
{
    static uint8_t buffer[MESSAGE_MAX];

    for (;;) {
        take(client, buffer, chain->request.len);
        if (chain->hops > 0) {
            give(next, buffer, chain->request.len);
            take(next, buffer, chain->answer);
        }
        give(client, buffer, chain->answer);
    }
}

static pid_t fork_or_die(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0) {
        die("fork");
    }
    if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) {
        _exit(BENCH_BROKEN);
    }
    return pid;
}

static void chain_start(struct chain *chain)
{
    int stream[2];
    int packet[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packet) != 0) {
        die("socketpair");
    }
    chain->fd = stream[0];
    chain->pids[0] = fork_or_die();
    if (chain->pids[0] == 0) {
        first_process(chain, stream[1], packet[0]);
    }
    chain->pids[1] = fork_or_die();
    if (chain->pids[1] == 0) {
        second_process(chain, packet[1]);
    }
    close(stream[1]);
    close(packet[0]);
    close(packet[1]);
}

static void chain_end(struct chain *chain)
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        kill(chain->pids[i], SIGKILL);
        waitpid(chain->pids[i], NULL, 0);
    }
    close(chain->fd);
}

static uint64_t chain_once(void *state)
{
    const struct chain *chain = state;
    uint8_t answer[MESSAGE_MAX];
    uint64_t start = now_ns();

    give(chain->fd, chain->request.data, chain->request.len);
    take(chain->fd, answer, chain->answer);
    return now_ns() - start;
}

static uint64_t raw_once(void *state)
{
    const struct chain *chain = state;
    uint8_t signature[RAW_MAX];
    uint64_t start = now_ns();

    raw_sign(chain->key, chain->request, signature);
    return now_ns() - start;
}

static uint64_t own_once(void *state)
{
    struct own *own = state;

    return client_timed(&own->client, message_view(&own->request), MSG_SIGN_ANSWER);
}

void bench_limit(const struct plan *plan, const char *comment, const struct target *ours)
{
    struct own own;
    struct chain chains[3];
    const char *kind = strchr(comment, '-');
    const struct side sides[] = {
        {.name = ours->name, .once = own_once, .state = &own},
        {.name = "round trip", .once = chain_once, .state = &chains[0]},
        {.name = "round trip, hop", .once = chain_once, .state = &chains[1]},
        {.name = "round trip, hop, library", .once = chain_once, .state = &chains[2]},
        {.name = "library", .once = raw_once, .state = &chains[2]},
    };
    struct raw_key *key = raw_key_make(kind == NULL ? comment : kind + 1);

    client_open(&own.client, ours);
    message_named(&own.request, &own.client, comment);
    for (unsigned i = 0; i < 3; i++) {
        chains[i] = (struct chain){
            .request = message_view(&own.request), .hops = i > 0, .signs = i == 2, .key = key};
        chains[i].answer = 4 + client_ask(&own.client, chains[i].request).len;
        chain_start(&chains[i]);
    }
    contest(plan, sides, sizeof sides / sizeof sides[0]);
    for (unsigned i = 0; i < 3; i++) {
        chain_end(&chains[i]);
    }
    client_close(&own.client);
    raw_key_free(&key);
}
