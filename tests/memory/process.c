/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "windows.h"

#define PAGES_AT_ONCE 256U
#define PRESENT       (UINT64_C(1) << 63 | UINT64_C(1) << 62) /* proc(5): in memory, or swapped */

/*
 * The address sanitizer's shadow, which stands for memory and holds none of it, is the only mapping
 * of this size; to ask for each of its pages takes minutes.
 */
#define SHADOW_SIZE (UINT64_C(1) << 40)

size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

int process_open(const char *pid, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        die("%s", path);
    }
    return fd;
}

static void each_of_mapping(int pagemap, uint64_t start, uint64_t end, const char *place,
                            void (*f)(uint64_t address, const char *place))
{
    uint64_t entries[PAGES_AT_ONCE];

    while (start < end) {
        size_t pages = (end - start) / page_size();
        ssize_t n;

        pages = pages < PAGES_AT_ONCE ? pages : PAGES_AT_ONCE;
        n = pread(pagemap, entries, pages * sizeof entries[0],
                  (off_t)(start / page_size() * sizeof entries[0]));
        if (n != (ssize_t)(pages * sizeof entries[0])) {
            die("pagemap of %s", place);
        }
        for (size_t i = 0; i < pages; i++) {
            if ((entries[i] & PRESENT) != 0) {
                f(start + i * page_size(), place);
            }
        }
        start += pages * page_size();
    }
}

/* A line of maps: "start-end rwxp offset device inode   name". */
static void each_of_line(const char *pid, int pagemap, char *line,
                         void (*f)(uint64_t address, const char *place))
{
    char place[64];
    char *rest;
    uint64_t start = strtoull(line, &rest, 16);
    uint64_t end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
    const char *name = strpbrk(rest, "/[");

    if (end == 0 || *rest != ' ') {
        die("maps of %s: %s", pid, line);
    }
    line[strcspn(line, "\n")] = '\0';
    snprintf(place, sizeof place, "%.10s %.40s", pid, name == NULL ? "anonymous" : name);
    /* The kernel's own page for old programs is above what an off_t holds. */
    if (rest[1] == 'r' && end - start < SHADOW_SIZE && end <= INT64_MAX) {
        each_of_mapping(pagemap, start, end, place, f);
    }
}

void process_each_page(const char *pid, void (*f)(uint64_t address, const char *place))
{
    FILE *maps = fdopen(process_open(pid, "maps"), "re");
    int pagemap = process_open(pid, "pagemap");
    char line[4096];

    if (maps == NULL) {
        die("maps of %s", pid);
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        each_of_line(pid, pagemap, line, f);
    }
    fclose(maps);
    close(pagemap);
}

bool process_search_page(uint64_t address, const char *place,
                         bool (*copy)(uint64_t address, uint8_t *ret))
{
    static uint8_t buffer[WINDOW - 1 + PAGE_SIZE_MAX];
    static uint64_t expected;
    const size_t kept = WINDOW - 1;
    size_t before = address == expected ? kept : 0;

    if (!copy(address, buffer + kept)) {
        return false;
    }
    windows_search(buffer + kept - before, page_size() + before, address - before, place);
    memcpy(buffer, buffer + page_size(), kept);
    expected = address + page_size();
    return true;
}
