/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench [-r ROUNDS] [-n BATCH] COMMAND ARGUMENT...
 *
 *   load SOCKET COUNT             adds COUNT fresh ed25519 keys
 *   sign OURS THEIRS              both hold the keys bench-{ed25519-256,ecdsa-256,rsa-2048, ...}
 *   sign-free OURS THEIRS         the same, without targets
 *   list OURS THEIRS              with the keys that are there
 *   idle OURS CONNECTIONS         lists beside connections that say nothing
 *   hostile OURS QREXEC PID       OURS and QREXEC are sockets of the agent PID
 *   use RELAY BARE SOCAT          three sockets that lead to one agent
 *   arena OURS PLAIN              PLAIN keeps its keys in ordinary memory
 *
 * Compares two sides in small batches, one after the other, and prints a table. Exit status: 0 all
 * targets were met, 2 at least one was missed, 1 something broke. run.sh sets the scene.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define NUMBER_MAX 1000000U

void die(const char *format, ...)
{
    int saved = errno;
    va_list args;

    fputs("bench: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (saved != 0) {
        fprintf(stderr, ": %s", strerror(saved));
    }
    fputc('\n', stderr);
    exit(BENCH_BROKEN);
}

static void __attribute__((noreturn)) usage(void)
{
    fputs("usage: bench [-r ROUNDS] [-n BATCH] COMMAND ARGUMENT...\n", stderr);
    exit(BENCH_USAGE);
}

static unsigned number(const char *text)
{
    char *end;
    uintmax_t n = strtoumax(text, &end, 10);

    if (*text == '\0' || *end != '\0' || n == 0 || n > NUMBER_MAX) {
        fprintf(stderr, "bench: not a number from 1 to %u: %s\n", NUMBER_MAX, text);
        usage();
    }
    return (unsigned)n;
}

/* Idle connections need a descriptor each. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void run(struct report *report, const struct plan *plan, int argc, char **argv)
{
    const char *command = argv[0];

    if (strcmp(command, "load") == 0 && argc == 3) {
        bench_load(argv[1], number(argv[2]));
    } else if (strcmp(command, "sign") == 0 && argc == 3) {
        bench_sign(report, plan, argv[1], argv[2], true);
    } else if (strcmp(command, "sign-free") == 0 && argc == 3) {
        bench_sign(report, plan, argv[1], argv[2], false);
    } else if (strcmp(command, "list") == 0 && argc == 3) {
        bench_list(report, plan, argv[1], argv[2]);
    } else if (strcmp(command, "idle") == 0 && argc == 3) {
        bench_idle(report, plan, argv[1], number(argv[2]));
    } else if (strcmp(command, "hostile") == 0 && argc == 4) {
        bench_hostile(report, plan, argv[1], argv[2], (pid_t)number(argv[3]));
    } else if (strcmp(command, "use") == 0 && argc == 4) {
        bench_use(report, plan, argv[1], argv[2], argv[3]);
    } else if (strcmp(command, "start") == 0 && argc == 4) {
        bench_start(report, plan, argv[1], argv[2], number(argv[3]));
    } else if (strcmp(command, "arena") == 0 && argc == 3) {
        bench_arena(report, plan, argv[1], argv[2]);
    } else {
        usage();
    }
}

int main(int argc, char **argv)
{
    struct plan plan = {.rounds = 20, .batch = 50};
    struct report report = {0};
    int option;

    while ((option = getopt(argc, argv, "+r:n:")) != -1) {
        if (option == 'r') {
            plan.rounds = number(optarg);
        } else if (option == 'n') {
            plan.batch = number(optarg);
        } else {
            usage();
        }
    }
    if (optind == argc) {
        usage();
    }
    if (sodium_init() < 0) {
        die("libsodium does not start");
    }
    raise_descriptor_limit();
    errno = 0;
    run(&report, &plan, argc - optind, argv + optind);
    return report.missed == 0 ? BENCH_MET : BENCH_MISSED;
}
