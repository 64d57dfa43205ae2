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
enum bench_exit { BENCH_MET = 0, BENCH_BROKEN = 1, BENCH_MISSED = 2, BENCH_USAGE = 64 };

/* "bench: text" to standard error, with errno's text if errno is not 0; ends the program. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* samples.c: times and what they amount to. */

struct samples {
    uint64_t *ns;
    size_t count;
    size_t cap;
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
 * Takes both in batches of the same size, compares the medians of each pair of batches and gives
 * the median of these ratios, so that a machine that slows down half-way does not show.
 */
double samples_ratio(const struct samples *ours, const struct samples *theirs, size_t batch);

/* interleave.c: two things measured in turn. */

struct plan {
    unsigned rounds;
    unsigned batch; /* measurements of each side in a round */
};

struct side {
    uint64_t (*once)(void *state); /* one measurement, in nanoseconds */
    void (*before)(void *state);   /* before each batch; may be NULL */
    void (*after)(void *state);    /* after each batch; may be NULL */
    void *state;
};

/* Fills ret_a and ret_b, which are empty, with rounds * batch samples each. */
void interleave(const struct plan *plan, const struct side *a, const struct side *b,
                struct samples *ret_a, struct samples *ret_b);

/* report.c: the tables. */

struct report {
    unsigned missed; /* targets */
};

void report_title(const char *title, const char *ours, const char *theirs);

#define NO_TARGET 0.0 /* a row that is only shown */

/* One line; the target is met if value <= target. */
void report_row(struct report *report, const char *what, double ours, double theirs, double value,
                double target);

/* interleave() and a row with both medians and their ratio. */
void report_compare(struct report *report, const struct plan *plan, const char *what,
                    const struct side *ours, const struct side *theirs, double target);

/* client.c: one connection to an agent. */

struct client {
    int fd;
    uint8_t *answer; /* a length word and FRAME_MAX bytes */
};

/* Connects. With a qube's name the path is a qrexec socket, and the descriptor is sent first. */
void client_open(struct client *c, const char *path, const char *qube);
void client_close(struct client *c);

/* The connected socket alone. */
int client_connect(const char *path, const char *qube);

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
    size_t len; /* bytes, with the length word */
};

struct view message_view(const struct message *m);

void message_list(struct message *ret);

/* An extension that no agent has. */
void message_extension(struct message *ret);

/* Adds a fresh ed25519 key with this comment. */
void message_add_ed25519(struct message *ret, const char *comment);

/*
 * A login as ssh asks for it (publickey-hostbound-v00@openssh.com), to be signed with the key that
 * the agent at the other end lists with this comment; RSA with SHA-512.
 */
void message_sign(struct message *ret, struct client *c, const char *comment);

/* hostile_load.c: a process that keeps connections of one qube busy. */

enum hostile_kind { HOSTILE_SIGN_ED25519, HOSTILE_SIGN_RSA, HOSTILE_LIST, HOSTILE_EXTENSION };

#define HOSTILE_KINDS 4U

/* Written by the process, read by the benchmark. */
struct hostile_counters {
    _Atomic uint64_t answers; /* of the expected type */
    _Atomic uint64_t others;
};

struct hostile_load {
    const char *path; /* the agent's socket */
    const char *qube; /* NULL: the path is not a qrexec socket */
    enum hostile_kind kind;
    struct view frame; /* the request */
    unsigned connections;
    uint64_t burst; /* answers to wait for at the next start: what the agent gives before it slows
                       a flood down; 0 from then on */
    pid_t pid;
    struct hostile_counters *counters; /* shared with the process */
};

/* Starts the process and returns when the flood has become steady. */
void hostile_start(struct hostile_load *load);

/* Ends the process. */
void hostile_stop(struct hostile_load *load);

/* memory.c. */

/* Resident memory of a process and its children, in KiB. */
double memory_kib(pid_t pid);

/* the benchmarks, one file each; the arguments are described in bench.c. */

void bench_load(const char *path, unsigned count);
void bench_sign(struct report *report, const struct plan *plan, const char *ours,
                const char *theirs, bool with_targets);
void bench_list(struct report *report, const struct plan *plan, const char *ours,
                const char *theirs);
void bench_idle(struct report *report, const struct plan *plan, const char *ours,
                unsigned connections);
void bench_hostile(struct report *report, const struct plan *plan, const char *ours,
                   const char *qrexec, pid_t agent);
void bench_arena(struct report *report, const struct plan *plan, const char *arena,
                 const char *plain);
void bench_start(struct report *report, const struct plan *plan, const char *ours,
                 const char *socket, unsigned keys);
void bench_use(struct report *report, const struct plan *plan, const char *relay, const char *bare,
               const char *socat);

#endif
