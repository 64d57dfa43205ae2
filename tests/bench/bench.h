/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts that the benchmarks share. Everything here ends the program with die() when it fails. */
#ifndef SPLIT_SSH_BENCH_H
#define SPLIT_SSH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "limits.h"
#include "wire.h"

/* Exit status of the program. */
enum bench_exit { BENCH_DONE = 0, BENCH_BROKEN = 1, BENCH_USAGE = 64 };

/* "bench: text" to standard error, with errno's text if errno is not 0; ends the program. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* samples.c: times and what they amount to. */

struct samples {
    uint64_t *ns;
    size_t count;
    size_t cap;
    size_t batch; /* so many of them are of one round; 0 before the first */
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

/* Appends one time. The memory is the caller's to free with samples_free(). */
void samples_add(struct samples *s, uint64_t ns);
void samples_free(struct samples *s);

/* The given percentile (0 to 100) of the samples from first on, count of them, in microseconds. */
double samples_percentile(const struct samples *s, size_t first, size_t count, double percentile);

/* The same of all samples. */
double samples_p50(const struct samples *s);
double samples_p99(const struct samples *s);

/*
 * Compares the medians of the two batches of each round and gives the median of these ratios, so
 * that a machine that slows down half-way does not show.
 */
double samples_ratio(const struct samples *ours, const struct samples *theirs);

/* contest.c: several things measured in turn. */

#define SIDES_MAX 8U

struct plan {
    const char *label; /* of the records */
    unsigned rounds;
    unsigned batch;   /* at most so many measurements of each side in a round */
    unsigned least;   /* ... and at least so many, if batch is not less */
    uint64_t slot_ns; /* fewer than batch if they would take longer than this */
};

struct side {
    const char *name;
    uint64_t (*once)(void *state); /* one measurement, in nanoseconds */
    void (*before)(void *state);   /* before each batch; may be NULL */
    void (*after)(void *state);    /* after each batch; may be NULL */
    void *state;
};

/* Fills ret, an empty one for each of the count sides, with rounds batches each. */
void interleave(const struct plan *plan, const struct side *sides, size_t count,
                struct samples *ret);

/* interleave() and a record for each side, with the ratio of the first side to it. */
void contest(const struct plan *plan, const struct side *sides, size_t count);

/*
 * One line to standard output, with tabs: label, name, count of samples, their median and their
 * 99th percentile in microseconds, and ratio ("-" if it is 0).
 */
void record(const char *label, const char *name, const struct samples *times, double ratio);

/* The same for something else than a time. */
void record_value(const char *label, const char *name, double value);

/* client.c: one connection to an agent. */

/* An entrant as the command line names it: NAME=SOCKET, or NAME=SOCKET@QUBE for a qrexec socket. */
struct target {
    const char *name;
    const char *path;
    const char *qube; /* NULL: the path is an agent socket */
};

/* Takes the text apart in place. */
struct target target_parse(char *text);

struct client {
    int fd;
    uint8_t *answer; /* a length word and FRAME_MAX bytes */
};

/* Connects; to a qrexec socket the descriptor is sent first. */
void client_open(struct client *c, const struct target *to);
void client_close(struct client *c);

/* The connected socket alone. */
int client_connect(const struct target *to);

/* Sends one frame and returns the answer without its length word, valid until the next call. */
struct view client_ask(struct client *c, struct view frame);

/* The same, for an answer that has to be of this type; returns the time it took. */
uint64_t client_timed(struct client *c, struct view frame, uint8_t type);

/* message.c: frames, each with its length word. */

enum {
    MSG_FAILURE = 5,
    MSG_SUCCESS = 6,
    MSG_LIST = 11,
    MSG_LIST_ANSWER = 12,
    MSG_SIGN = 13,
    MSG_SIGN_ANSWER = 14,
    MSG_ADD = 17,
    MSG_EXTENSION = 27,
    MSG_EXTENSION_FAILURE = 28,
};

/* More than a sign request with an RSA-4096 key, which it contains twice. */
#define MESSAGE_MAX 4096U

struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t len;     /* bytes, with the length word */
    uint8_t answer; /* the type that answers it */
};

struct view message_view(const struct message *m);

void message_list(struct message *ret);

/* Adds a fresh ed25519 key with this comment. */
void message_add_ed25519(struct message *ret, const char *comment);

/*
 * "list"; "extension", one that no agent has; or else a signature by the key that the agent at the
 * other end lists with this comment: a login as ssh asks for it
 * (publickey-hostbound-v00@openssh.com), RSA with SHA-512.
 */
void message_named(struct message *ret, struct client *c, const char *what);

/* flood.c: a process that keeps connections busy. */

/* Written by the process, read by the benchmark. */
struct flood_counters {
    _Atomic uint64_t answers; /* of the expected type */
    _Atomic uint64_t others;
    _Atomic uint64_t last_ns; /* when the last of the answers came */
};

struct flood {
    struct target to;
    struct flood_counters *counters; /* shared with the process */
    struct message request;
    uint64_t burst;   /* answers to wait for at the next start: what the agent gives before it slows
                         a flood down; 0 from then on */
    uint64_t slot_ns; /* how long a throughput is measured, */
    uint64_t answers_min; /* ... and for how many answers at least */
    unsigned connections;
    pid_t pid;
    bool slowed;  /* it slows a flood down, and what is measured is how it is then */
    bool settled; /* a short measurement has come before */
};

/* Starts the process and returns when each connection has had answers. */
void flood_start(struct flood *flood);

/* Ends the process, and returns when what it has asked last is done. */
void flood_stop(struct flood *flood);

/* processes.c. */

/*
 * Ends all children of this process with SIGTERM, and after a while what they left behind; with
 * SIGKILL if that is not enough. Returns when there are none.
 */
void end_children(void);

/* Starts a program with the words of argv and its output thrown away. */
pid_t start_program(char **argv);

/*
 * Processes below this one, itself not counted: resident memory (to the page for root, else what
 * the kernel has counted so far), and memory with a fair share of what they share (PSS), in KiB.
 * -1: we may not read that.
 */
double memory_resident_kib(pid_t pid);
double memory_pss_kib(pid_t pid);

/* raw.c: a signature by libsodium or libcrypto alone. */

struct raw_key;

/* A fresh key; the name is the end of a comment: ed25519-256, ecdsa-256, rsa-2048, ... */
struct raw_key *raw_key_make(const char *name);
void raw_key_free(struct raw_key **key);

/* Signs, as an agent would; returns the length of the signature in ret, RAW_MAX bytes. */
#define RAW_MAX 1024U
size_t raw_sign(struct raw_key *key, struct view data, uint8_t *ret);

/* The benchmarks, one file each; the arguments are described in bench.c. */

void bench_load(const struct target *to, unsigned first, unsigned count);
void bench_ask(const struct plan *plan, const char *what, const struct target *to, size_t count);
void bench_idle(const struct plan *plan, const char *what, unsigned idle, const struct target *to);
void bench_use(const struct plan *plan, const struct target *to, size_t count);
void bench_throughput(const struct plan *plan, const char *what, unsigned connections,
                      const struct target *to, size_t count);
void bench_start(const struct plan *plan, unsigned keys, char **commands, size_t count);
void bench_hostile(const struct plan *plan, const char *flood, const char *what,
                   const struct target *flooded, const struct target *victim, pid_t pid,
                   bool first);
void bench_limit(const struct plan *plan, const char *comment, const struct target *ours);
int bench_keep(char **argv);

#endif
