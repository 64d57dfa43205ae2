/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same requests to split-ssh-agent and to ssh-agent, whose answers must say the same, but for
 * what differences.c lists.
 *
 *   differential [--seed N] [--count M] [--minutes M] OURS THEIRS
 *
 * Sequence i of M has the seed N + i. Without --seed, the first half have the seeds from 1 on, and
 * the others are random; what is printed says which. --minutes runs for so long, and then each row
 * that fits this version of OpenSSH must have been seen. Exit status: 0; 1 when something differs,
 * or a row was not seen; then what the agents say is in the directory that is printed.
 */
#include <errno.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "differential.h"

#define EXIT_USAGE 64

struct options {
    uint64_t seed;
    bool has_seed;
    unsigned long count;
    unsigned long minutes; /* 0: count */
    const char *ours;
    const char *theirs;
};

void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("differential: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    directory_remove();
    exit(EXIT_FAILURE);
}

static unsigned long number_of(const char *text)
{
    char *end = NULL;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        die("not a number: %s", text);
    }
    return number;
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.count = 20};
    int i = 1;

    if (RAND_bytes((unsigned char *)&options.seed, sizeof options.seed) != 1) {
        die("no random seed");
    }
    options.seed %= 1000000000U;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        unsigned long number = number_of(argv[i + 1]);

        if (strcmp(argv[i], "--seed") == 0) {
            options.seed = number;
            options.has_seed = true;
        } else if (strcmp(argv[i], "--count") == 0) {
            options.count = number;
        } else if (strcmp(argv[i], "--minutes") == 0) {
            options.minutes = number;
        } else {
            break;
        }
    }
    if (argc - i != 2) {
        fputs("usage: differential [--seed N] [--count M] [--minutes M] OURS THEIRS\n", stderr);
        exit(EXIT_USAGE);
    }
    options.ours = argv[i];
    options.theirs = argv[i + 1];
    return options;
}

static void print_steps(const struct steps *steps)
{
    static const char *const kinds[] = {"send", "hold", "close"};

    fprintf(stderr, "the shortest sequence that differs (askpass exits with %u):\n",
            steps->askpass_exit);
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->list[i];

        fprintf(stderr, "  %s on connection %u, in pieces of %zu: ", kinds[step->kind],
                step->connection, step->cut);
        for (size_t at = 0; at < step->len; at++) {
            fprintf(stderr, "%02x", step->bytes[at]);
        }
        fputc('\n', stderr);
    }
}

static bool run_seed(const struct pair *pair, uint64_t seed, struct totals *totals)
{
    struct steps steps;
    size_t step = 0;
    bool good;

    steps_make(seed, &steps);
    good = run_steps(pair, &steps, true, &step, totals);
    if (!good) {
        fprintf(stderr, "seed %llu, step %zu of %zu\n", (unsigned long long)seed, step + 1,
                steps.count);
        reduce(pair, &steps);
        print_steps(&steps);
        (void)!run_steps(pair, &steps, true, &step, totals);
    }
    steps_free(&steps);
    return good;
}

static bool print_rows(unsigned version, bool all_must_be_seen)
{
    bool good = true;

    for (size_t i = 0; i < differences_count; i++) {
        const struct difference *row = &differences[i];
        bool fits = row->until == 0 || version <= row->until;

        printf("  %-28s %lu%s\n", row->id, differences_seen[i],
               fits ? "" : " (perhaps not with this version)");
        if (all_must_be_seen && fits && differences_seen[i] == 0) {
            printf("  %s is listed, and was never seen: take it away\n", row->id);
            good = false;
        }
    }
    return good;
}

static bool run_all(const struct options *options, const struct pair *pair, struct totals *totals)
{
    time_t end = time(NULL) + (time_t)options->minutes * 60;
    unsigned long i = 0;

    while (options->minutes > 0 ? time(NULL) < end : i < options->count) {
        bool fixed = !options->has_seed && i < options->count / 2;

        if (!run_seed(pair, fixed ? 1 + i : options->seed + i, totals)) {
            return false;
        }
        i++;
    }
    printf("%lu sequences, %lu requests, %lu signatures verified, %lu differences, all listed:\n",
           i, totals->requests, totals->signatures, totals->listed);
    return true;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct pair pair = {.ours = options.ours, .theirs = options.theirs};
    struct totals totals = {0};
    bool good;

    setvbuf(stdout, NULL, _IOLBF, 0);
    pair.directory = directory_make();
    pair.version = openssh_version(pair.directory);
    pool_make();
    printf("seed %llu, OpenSSH %u.%u, in %s\n", (unsigned long long)options.seed,
           pair.version / 100, pair.version % 100, pair.directory);
    good = run_all(&options, &pair, &totals);
    good = print_rows(pair.version, options.minutes > 0) && good;
    if (good) {
        directory_remove();
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
