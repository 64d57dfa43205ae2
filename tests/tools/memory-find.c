/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for numbers in the memory of a process, through /proc/PID/mem.
 *
 *   memory-find PID HEX...
 *
 * For each number it prints, as a line, how many places of the memory hold 16 bytes in a row of it,
 * in the order given or in the opposite one (as libcrypto's limbs lie on a little-endian machine).
 * Every page that is in memory and that the process can read is looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"

#define WINDOW        16U   /* bytes */
#define NUMBER_MAX    2048U /* bytes; RSA-16384 */
#define PAGES_AT_ONCE 256U
#define PRESENT       (UINT64_C(1) << 63 | UINT64_C(1) << 62) /* proc(5): in memory, or swapped */

/*
 * The address sanitizer's shadow, which stands for memory and holds none of it, is the only mapping
 * of this size; to ask for each of its pages takes minutes.
 */
#define SHADOW_SIZE (UINT64_C(1) << 40)

struct window {
    uint8_t bytes[WINDOW];
    int number; /* whose it is */
};

static struct window *windows;
static size_t windows_count;
static uint8_t first_bytes[1U << 16]; /* whether a window starts with these two */
static unsigned long *hits;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "memory-find: %s: %s\n", what, errno != 0 ? strerror(errno) : "invalid");
    exit(EXIT_FAILURE);
}

static void add_windows(const uint8_t *bytes, size_t len, int number)
{
    for (size_t i = 0; i + WINDOW <= len; i++) {
        struct window *window = &windows[windows_count++];

        memcpy(window->bytes, bytes + i, WINDOW);
        window->number = number;
        first_bytes[(unsigned)bytes[i] << 8 | bytes[i + 1]] = 1;
    }
}

static void add_number(const char *hex, int number)
{
    uint8_t bytes[NUMBER_MAX];
    uint8_t opposite[NUMBER_MAX];
    size_t len = strlen(hex) / 2;

    if (len < WINDOW || len > sizeof bytes || !hex_read(hex, bytes, len)) {
        fail(hex);
    }
    for (size_t i = 0; i < len; i++) {
        opposite[len - 1 - i] = bytes[i];
    }
    add_windows(bytes, len, number);
    add_windows(opposite, len, number);
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct window *)a)->bytes, ((const struct window *)b)->bytes, WINDOW);
}

static void search(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + WINDOW <= len; i++) {
        if (first_bytes[(unsigned)bytes[i] << 8 | bytes[i + 1]] != 0) {
            struct window wanted;
            const struct window *found;

            memcpy(wanted.bytes, bytes + i, WINDOW);
            found = bsearch(&wanted, windows, windows_count, sizeof wanted, compare);
            if (found != NULL) {
                hits[found->number]++;
            }
        }
    }
}

/* Pages from start on, of which the last WINDOW - 1 bytes of the page before are kept. */
static void search_pages(int mem, const uint64_t *entries, size_t pages, uint64_t start,
                         size_t page_size)
{
    static uint8_t *buffer;
    static uint64_t expected;
    const size_t kept = WINDOW - 1;

    if (buffer == NULL) {
        buffer = calloc(1, kept + page_size);
    }
    if (buffer == NULL) {
        fail("memory");
    }
    for (size_t i = 0; i < pages; i++) {
        uint64_t at = start + i * page_size;
        bool follows = at == expected;

        if ((entries[i] & PRESENT) == 0 ||
            pread(mem, buffer + kept, page_size, (off_t)at) != (ssize_t)page_size) {
            continue;
        }
        search(buffer + (follows ? 0 : kept), page_size + (follows ? kept : 0));
        memcpy(buffer, buffer + page_size, kept);
        expected = at + page_size;
    }
}

static void search_mapping(int mem, int pagemap, uint64_t start, uint64_t end)
{
    const size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t entries[PAGES_AT_ONCE];

    while (start < end) {
        size_t pages = (end - start) / page_size;
        ssize_t n;

        pages = pages < PAGES_AT_ONCE ? pages : PAGES_AT_ONCE;
        n = pread(pagemap, entries, pages * sizeof entries[0],
                  (off_t)(start / page_size * sizeof entries[0]));
        if (n != (ssize_t)(pages * sizeof entries[0])) {
            fail("pagemap");
        }
        search_pages(mem, entries, pages, start, page_size);
        start += pages * page_size;
    }
}

static int open_of(const char *pid, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(path);
    }
    return fd;
}

static void search_process(const char *pid)
{
    int mem = open_of(pid, "mem");
    int pagemap = open_of(pid, "pagemap");
    FILE *maps = fdopen(open_of(pid, "maps"), "r");
    char line[4096];

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char *at;
        uint64_t start = strtoull(line, &at, 16); /* "start-end rwxp ..." */
        uint64_t end = *at == '-' ? strtoull(at + 1, &at, 16) : 0;

        if (end == 0 || *at != ' ') {
            fail("maps");
        }
        /* The kernel's own page for old programs is above what an off_t holds. */
        if (at[1] == 'r' && end - start < SHADOW_SIZE && end <= INT64_MAX) {
            search_mapping(mem, pagemap, start, end);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    close(pagemap);
    close(mem);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: memory-find PID HEX...\n", stderr);
        return EXIT_FAILURE;
    }
    windows = calloc((size_t)argc * NUMBER_MAX * 2, sizeof *windows);
    hits = calloc((size_t)argc, sizeof *hits);
    if (windows == NULL || hits == NULL) {
        fail("memory");
    }
    for (int i = 2; i < argc; i++) {
        add_number(argv[i], i);
    }
    qsort(windows, windows_count, sizeof *windows, compare);
    search_process(argv[1]);
    for (int i = 2; i < argc; i++) {
        printf("%lu\n", hits[i]);
    }
    free(windows);
    free(hits);
    return EXIT_SUCCESS;
}
