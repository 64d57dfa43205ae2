/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for parts of secrets in the memory of processes, and in files.
 *
 *   scan [-e] [-s] [-t SECONDS] SECRETS PID...
 *   scan SECRETS --file FILE...
 *
 * SECRETS is what secrets.py prints. -t: again and again for so long; -e: until something is found.
 * -s: stops the process for each look (ptrace), so that it is a snapshot of one moment, and looks
 * at its registers too. Every page of a readable mapping is looked at through /proc/PID/mem.
 *
 * Prints "looks N, KiB N, refused KiB N, hits N", refused being pages that the kernel does not hand
 * out, and a line for each secret of which something was found: where it was found first. Exit
 * status 0: nothing found, 1: something found, 2: it could not be done.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "windows.h"

#define FILE_AT_ONCE  (1U << 20)
#define REGISTERS_MAX 16384U /* bytes, of one set */

static struct {
    bool until_found;
    bool snapshot;
    bool registers;
    unsigned seconds;
} options;

static struct {
    unsigned long looks;
    uint64_t bytes;
    uint64_t refused;
} totals;

static int mem; /* /proc/PID/mem of the process that is looked at */

static bool copy_page(uint64_t address, uint8_t *ret)
{
    return pread(mem, ret, page_size(), (off_t)address) == (ssize_t)page_size();
}

static void search_page(uint64_t address, const char *place)
{
    if (process_search_page(address, place, copy_page)) {
        totals.bytes += page_size();
    } else {
        totals.refused += page_size();
    }
}

static void search_memory(const char *pid)
{
    mem = process_open(pid, "mem");
    process_each_page(pid, search_page);
    close(mem);
}

static void search_registers(pid_t pid)
{
    char place[64];
    static const int sets[] = {NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE};
    static uint8_t bytes[REGISTERS_MAX];

    snprintf(place, sizeof place, "%d registers", pid);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct iovec set = {bytes, sizeof bytes};

        /* Not every machine has every set. */
        if (ptrace(PTRACE_GETREGSET, pid, sets[i], &set) == 0) {
            windows_search(bytes, set.iov_len, 0, place);
        }
    }
}

static void search_snapshot(const char *text)
{
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    int status;

    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0 ||
        waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) {
        die("cannot stop %s", text);
    }
    if (options.registers) {
        search_registers(pid);
    }
    search_memory(text);
    if (ptrace(PTRACE_DETACH, pid, 0, 0) != 0) {
        die("cannot let go of %s", text);
    }
}

/* Lets a process get on between two snapshots, each time by a different part of a signature. */
static void pause_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = (long)(totals.looks * 137 % 3001 * 1000)};

    nanosleep(&moment, NULL);
}

static void search_process(const char *pid)
{
    totals.looks++;
    if (options.snapshot) {
        pause_a_moment();
        search_snapshot(pid);
    } else {
        search_memory(pid);
    }
}

static void search_processes(char **pids)
{
    const time_t end = time(NULL) + (time_t)options.seconds;

    do {
        for (char **pid = pids; *pid != NULL; pid++) {
            search_process(*pid);
        }
    } while (time(NULL) < end && !(options.until_found && windows_hits() > 0));
}

/* len bytes from offset on, fewer at the end of the file. */
static void search_part(int fd, const char *path, uint64_t offset, uint64_t len)
{
    static uint8_t buffer[WINDOW - 1 + FILE_AT_ONCE];
    size_t kept = 0;

    while (len > 0) {
        size_t wanted = len < FILE_AT_ONCE ? (size_t)len : FILE_AT_ONCE;
        ssize_t n = pread(fd, buffer + kept, wanted, (off_t)offset);
        size_t have;

        if (n < 0) {
            die("%s", path);
        }
        if (n == 0) {
            return;
        }
        have = kept + (size_t)n;
        windows_search(buffer, have, offset - kept, path);
        totals.bytes += (uint64_t)n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
        kept = have < WINDOW - 1 ? have : WINDOW - 1;
        memmove(buffer, buffer + have - kept, kept);
    }
}

/* The segments PT_LOAD of a core file (elf(5)). */
static void search_segments(int fd, const char *path)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    unsigned loads = 0;

    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_CORE) {
        errno = 0;
        die("%s is no core file", path);
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (pread(fd, &segment, sizeof segment, (off_t)(header.e_phoff + i * sizeof segment)) !=
            (ssize_t)sizeof segment) {
            die("%s", path);
        }
        if (segment.p_type == PT_LOAD) {
            search_part(fd, path, segment.p_offset, segment.p_filesz);
            loads++;
        }
    }
    if (loads == 0) {
        errno = 0;
        die("%s has no memory in it", path);
    }
}

static void search_file(const char *path, bool only_memory)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        die("%s", path);
    }
    totals.looks++;
    if (only_memory) {
        search_segments(fd, path);
    } else {
        search_part(fd, path, 0, UINT64_MAX);
    }
    close(fd);
}

static int print(void)
{
    size_t count;
    const struct finding *findings = windows_findings(&count);

    printf("looks %lu, KiB %" PRIu64 ", refused KiB %" PRIu64 ", hits %lu\n", totals.looks,
           (totals.bytes + 1023) / 1024, totals.refused / 1024, windows_hits());
    for (size_t i = 0; i < count; i++) {
        if (findings[i].hits > 0) {
            printf("%s: %lu hits, the first at 0x%" PRIx64 " in %s\n", findings[i].name,
                   findings[i].hits, findings[i].first, findings[i].place);
        }
    }
    return windows_hits() == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "+erst:")) != -1) {
        switch (option) {
        case 'e':
            options.until_found = true;
            break;
        case 'r':
            options.registers = true;
            options.snapshot = true;
            break;
        case 's':
            options.snapshot = true;
            break;
        case 't':
            options.seconds = (unsigned)strtoul(optarg, NULL, 10);
            break;
        default:
            return 2;
        }
    }
    argv += optind;
    if (argc - optind < 2) {
        die("usage: scan [-ers] [-t SECONDS] SECRETS PID... | SECRETS --file|--dump FILE...");
    }
    windows_load(*argv++);
    if (strcmp(*argv, "--file") == 0 || strcmp(*argv, "--dump") == 0) {
        bool only_memory = strcmp(*argv, "--dump") == 0;

        for (argv++; *argv != NULL; argv++) {
            search_file(*argv, only_memory);
        }
    } else {
        search_processes(argv);
    }
    return print();
}
