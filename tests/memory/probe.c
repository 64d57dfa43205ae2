/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What another process can get out of a process.
 *
 *   probe PID                 tries each way in, for a plain user; prints "WAY: open", or why not
 *   probe SECRETS PID...      goes each way that root has, and looks for the secrets (secrets.py);
 *                             a process that has a tracer already refuses ptrace, which it prints
 *
 * Exit status 0: every way was refused, or no secret was found; 1: not so; 2: it could not be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "windows.h"

#define DESCRIPTORS 64                /* more than any process of ours has at rest */
#define MAPPED_MAX  ((size_t)4 << 20) /* bytes of a descriptor that are looked at */

static pid_t pid;
static unsigned open_ways;
static uint64_t seen;
static uint64_t refused;

static pid_t pid_of(const char *text)
{
    long number = strtol(text, NULL, 10);

    if (number <= 0) {
        die("%s is no process", text);
    }
    return (pid_t)number;
}

/* For a plain user. */

static void tell(const char *way, bool is_open)
{
    printf("%s: %s\n", way, is_open ? "open" : strerror(errno));
    open_ways += is_open;
}

static void try_file(const char *name, int flags)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, flags | O_CLOEXEC);
    tell(path, fd >= 0);
    if (fd >= 0) {
        close(fd);
    }
}

static void try_ptrace(void)
{
    bool traced = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
    int status;

    tell("ptrace", traced);
    if (traced && ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 &&
        waitpid(pid, &status, __WALL) == pid) {
        ptrace(PTRACE_DETACH, pid, 0, 0);
    }
}

/* The address need not exist: permission is asked first, and EFAULT is a way in. */
static void try_readv(void)
{
    uint8_t byte;
    const struct iovec here = {&byte, 1};
    const struct iovec there = {NULL, 1};

    tell("process_vm_readv", process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 || errno == EFAULT);
}

static void try_getfd(void)
{
    int process = pidfd_open(pid, 0);
    int fd;

    if (process < 0) {
        die("pidfd_open");
    }
    fd = pidfd_getfd(process, 0, 0);
    tell("pidfd_getfd", fd >= 0);
    if (fd >= 0) {
        close(fd);
    }
    close(process);
}

static int try_all(void)
{
    try_file("mem", O_RDWR);
    try_file("mem", O_RDONLY);
    try_file("fd/0", O_RDONLY);
    try_file("fd/3", O_RDONLY);
    try_file("maps", O_RDONLY);
    try_file("environ", O_RDONLY);
    try_file("auxv", O_RDONLY);
    try_readv();
    try_getfd();
    try_ptrace();
    return open_ways == 0 ? 0 : 1;
}

/* For root. */

static bool copy_readv(uint64_t address, uint8_t *ret)
{
    struct iovec here = {.iov_len = page_size()};
    struct iovec there = {.iov_len = page_size()};

    here.iov_base = ret;
    memcpy(&there.iov_base, &address, sizeof there.iov_base);
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)page_size();
}

static bool copy_peek(uint64_t address, uint8_t *ret)
{
    for (size_t i = 0; i < page_size(); i += sizeof(long)) {
        long word;

        errno = 0;
        word = ptrace(PTRACE_PEEKDATA, pid, address + i, 0);
        if (errno != 0) {
            return false;
        }
        memcpy(ret + i, &word, sizeof word);
    }
    return true;
}

static bool (*copy)(uint64_t address, uint8_t *ret);

static void search(uint64_t address, const char *place)
{
    if (process_search_page(address, place, copy)) {
        seen += page_size();
    } else {
        refused += page_size();
    }
}

/* False if nobody may trace it; errno says why. */
static bool search_stopped(const char *text)
{
    int status;

    /* The old way, which stops it by itself, asks the same; but that is for the kernel to say. */
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0 && ptrace(PTRACE_ATTACH, pid, 0, 0) != 0) {
        return false;
    }
    /* Fails after the old way. */
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    if (waitpid(pid, &status, __WALL) != pid) {
        die("cannot stop %s", text);
    }
    copy = copy_peek;
    process_each_page(text, search);
    if (ptrace(PTRACE_DETACH, pid, 0, 0) != 0) {
        die("cannot let go of %s", text);
    }
    return true;
}

/* A descriptor of memory would be a way in. */
static void search_descriptor(int fd)
{
    void *at = mmap(NULL, MAPPED_MAX, PROT_READ, MAP_SHARED, fd, 0);
    const off_t end = lseek(fd, 0, SEEK_END);

    if (at == MAP_FAILED) {
        return;
    }
    if (end > 0) {
        windows_search(at, (size_t)end < MAPPED_MAX ? (size_t)end : MAPPED_MAX, 0, "a descriptor");
        seen += (uint64_t)end;
    }
    munmap(at, MAPPED_MAX);
}

/* How many there are. */
static unsigned search_descriptors(void)
{
    int process = pidfd_open(pid, 0);
    unsigned found = 0;

    if (process < 0) {
        die("pidfd_open");
    }
    for (int number = 0; number < DESCRIPTORS; number++) {
        int fd = pidfd_getfd(process, number, 0);

        if (fd >= 0) {
            search_descriptor(fd);
            close(fd);
            found++;
        } else if (errno != EBADF) {
            die("pidfd_getfd");
        }
    }
    close(process);
    return found;
}

static unsigned long tell_hits(const char *text, const char *way, unsigned long before)
{
    printf("%s %s: KiB %" PRIu64 ", refused KiB %" PRIu64 ", hits %lu\n", text, way, seen / 1024,
           refused / 1024, windows_hits() - before);
    seen = 0;
    refused = 0;
    return windows_hits();
}

static void search_process(const char *text)
{
    unsigned long before = windows_hits();
    char way[64];

    pid = pid_of(text);
    copy = copy_readv;
    process_each_page(text, search);
    before = tell_hits(text, "process_vm_readv", before);
    if (search_stopped(text)) {
        before = tell_hits(text, "PTRACE_PEEKDATA", before);
    } else {
        printf("%s ptrace: %s\n", text, strerror(errno));
    }
    snprintf(way, sizeof way, "pidfd_getfd of %u", search_descriptors());
    tell_hits(text, way, before);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        pid = pid_of(argv[1]);
        return try_all();
    }
    if (argc < 3) {
        die("usage: probe PID | SECRETS PID...");
    }
    windows_load(argv[1]);
    for (char **text = argv + 2; *text != NULL; text++) {
        search_process(*text);
    }
    return windows_hits() == 0 ? 0 : 1;
}
