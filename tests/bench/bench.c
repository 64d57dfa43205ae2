/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench [-l LABEL] [-r ROUNDS] [-n BATCH] [-m LEAST] [-s MILLISECONDS] COMMAND ARGUMENT...
 *
 *   ask WHAT NAME=SOCKET...               one request on an open connection
 *   idle WHAT COUNT NAME=SOCKET           the same beside COUNT idle connections, and alone
 *   use NAME=SOCKET...                    connect, list, sign, close
 *   throughput WHAT COUNT NAME=SOCKET...  time for one of many, on COUNT connections at once
 *   start KEYS NAME=SOCKET=COMMAND...     from the start of an agent to its list of KEYS keys
 *   hostile FLOOD WHAT X=FLOODED NAME=SOCKET PID
 *                                         one request, while others flood; memory below PID
 *   hostile-first FLOOD WHAT X=FLOODED NAME=SOCKET PID
 *                                         the same, before the agent slows the flood down
 *   limit COMMENT NAME=SOCKET             a signature, and what it is made of
 *   load NAME=SOCKET FIRST COUNT          adds fresh ed25519 keys
 *   memory NAME PID                       PSS of the processes below PID
 *   version                               of the libraries
 *   keep COMMAND...                       runs it; at SIGTERM ends it and all that it started
 *
 * WHAT and FLOOD are "list", "extension", or the comment of the key that is to sign. SOCKET@QUBE is
 * a qrexec socket. All entrants are measured in turn, in small batches, and a record is written for
 * each (see record()). results.sh sets the scene.
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define NUMBER_MAX 10000000U

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
    fputs("usage: bench [-l LABEL] [-r ROUNDS] [-n BATCH] [-m LEAST] [-s MILLISECONDS] "
          "COMMAND ARGUMENT...\n",
          stderr);
    exit(BENCH_USAGE);
}

static unsigned number(const char *text)
{
    char *end;
    uintmax_t n = strtoumax(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || n > NUMBER_MAX) {
        fprintf(stderr, "bench: not a number from 0 to %u: %s\n", NUMBER_MAX, text);
        usage();
    }
    return (unsigned)n;
}

static unsigned positive(const char *text)
{
    unsigned n = number(text);

    if (n == 0) {
        fputs("bench: this must not be 0\n", stderr);
        usage();
    }
    return n;
}

/* Idle connections need a descriptor each, here and in the agents that "keep" runs. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* argv ends with NULL. */
static size_t targets(char **argv, struct target *ret)
{
    size_t count = 0;

    for (; argv[count] != NULL; count++) {
        if (count == SIDES_MAX) {
            usage();
        }
        ret[count] = target_parse(argv[count]);
    }
    return count;
}

static void run_contest(const struct plan *plan, int argc, char **argv)
{
    struct target to[SIDES_MAX];
    const char *command = argv[0];

    if (strcmp(command, "ask") == 0 && argc >= 3) {
        bench_ask(plan, argv[1], to, targets(argv + 2, to));
    } else if (strcmp(command, "idle") == 0 && argc == 4) {
        to[0] = target_parse(argv[3]);
        bench_idle(plan, argv[1], positive(argv[2]), &to[0]);
    } else if (strcmp(command, "use") == 0 && argc >= 2) {
        bench_use(plan, to, targets(argv + 1, to));
    } else if (strcmp(command, "throughput") == 0 && argc >= 4) {
        bench_throughput(plan, argv[1], positive(argv[2]), to, targets(argv + 3, to));
    } else if (strcmp(command, "start") == 0 && argc >= 3 && argc - 2 <= (int)SIDES_MAX) {
        bench_start(plan, number(argv[1]), argv + 2, (size_t)argc - 2);
    } else if (strncmp(command, "hostile", strlen("hostile")) == 0 && argc == 6) {
        to[0] = target_parse(argv[3]);
        to[1] = target_parse(argv[4]);
        bench_hostile(plan, argv[1], argv[2], &to[0], &to[1], (pid_t)positive(argv[5]),
                      strcmp(command, "hostile-first") == 0);
    } else if (strcmp(command, "limit") == 0 && argc == 3) {
        to[0] = target_parse(argv[2]);
        bench_limit(plan, argv[1], &to[0]);
    } else {
        usage();
    }
}

static int run(const struct plan *plan, int argc, char **argv)
{
    const char *command = argv[0];

    if (strcmp(command, "keep") == 0 && argc >= 2) {
        return bench_keep(argv + 1);
    }
    if (strcmp(command, "version") == 0 && argc == 1) {
        printf("libsodium %s\n%s\n", sodium_version_string(), OpenSSL_version(OPENSSL_VERSION));
    } else if (strcmp(command, "memory") == 0 && argc == 3) {
        record_value(plan->label, argv[1], memory_pss_kib((pid_t)positive(argv[2])));
    } else if (strcmp(command, "load") == 0 && argc == 4) {
        struct target to = target_parse(argv[1]);

        bench_load(&to, number(argv[2]), number(argv[3]));
    } else {
        run_contest(plan, argc, argv);
    }
    return BENCH_DONE;
}

int main(int argc, char **argv)
{
    struct plan plan = {.label = "-", .rounds = 20, .batch = 50, .least = 2, .slot_ns = UINT64_MAX};
    int option;

    while ((option = getopt(argc, argv, "+l:r:n:m:s:")) != -1) {
        switch (option) {
        case 'l':
            plan.label = optarg;
            break;
        case 'r':
            plan.rounds = positive(optarg);
            break;
        case 'n':
            plan.batch = positive(optarg);
            break;
        case 'm':
            plan.least = positive(optarg);
            break;
        case 's':
            plan.slot_ns = (uint64_t)positive(optarg) * 1000000U;
            break;
        default:
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
    return run(&plan, argc - optind, argv + optind);
}
