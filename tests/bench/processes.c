/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CHILDREN_MAX 64U
/* What a child leaves behind may have something to do yet: one of pageant removes its socket. */
#define PATIENCE_NS 2000000000ULL

/* Fills ret with the children of a process; returns how many. */
static size_t children(pid_t pid, pid_t *ret)
{
    char list[CHILDREN_MAX * 12] = "";
    char path[64];
    size_t count = 0;
    char *next;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    f = fopen(path, "re");
    if (f == NULL) {
        return 0; /* it has gone */
    }
    if (fgets(list, sizeof list, f) == NULL) {
        list[0] = '\0';
    }
    fclose(f);
    for (char *word = strtok_r(list, " \n", &next); word != NULL && count < CHILDREN_MAX;
         word = strtok_r(NULL, " \n", &next)) {
        ret[count++] = (pid_t)strtoimax(word, NULL, 10);
    }
    return count;
}

/* A line "NAME: N kB" of a file in /proc/PID; -1 if we may not read it. */
static double field_kib(pid_t pid, const char *file, const char *name)
{
    char path[64];
    char line[256];
    double kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    f = fopen(path, "re");
    while (f != NULL && kib < 0 && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = (double)strtoimax(line + strlen(name), NULL, 10);
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return kib;
}

/* Of all processes below one. */
static double sum_below(pid_t pid, const char *file, const char *name)
{
    pid_t below[2 * CHILDREN_MAX];
    size_t count = children(pid, below);
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        double kib = field_kib(below[i], file, name);

        if (kib < 0) {
            return -1;
        }
        sum += kib;
        if (count <= CHILDREN_MAX) {
            count += children(below[i], below + count);
        }
    }
    return sum;
}

/*
 * Rss of proc_pid_smaps_rollup(5) is counted page by page when it is read; VmRSS of
 * proc_pid_status(5) may be some dozen pages behind for each processor.
 */
double memory_resident_kib(pid_t pid)
{
    double exact = sum_below(pid, "smaps_rollup", "Rss:");

    return exact >= 0 ? exact : sum_below(pid, "status", "VmRSS:");
}

double memory_pss_kib(pid_t pid)
{
    return sum_below(pid, "smaps_rollup", "Pss:");
}

static void kill_children(int number)
{
    pid_t below[CHILDREN_MAX];
    size_t count = children(getpid(), below);

    for (size_t i = 0; i < count; i++) {
        kill(below[i], number);
    }
}

void end_children(void)
{
    const struct timespec interval = {.tv_nsec = 2000000};
    uint64_t start = now_ns();

    kill_children(SIGTERM);
    for (;;) {
        uint64_t waited = now_ns() - start;

        do {
            errno = 0;
        } while (waitpid(-1, NULL, WNOHANG) > 0 || errno == EINTR);
        if (errno == ECHILD) {
            return;
        }
        nanosleep(&interval, NULL);
        if (waited > PATIENCE_NS) {
            kill_children(waited > 2 * PATIENCE_NS ? SIGKILL : SIGTERM);
        }
    }
}

pid_t start_program(char **argv)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;

    sigemptyset(&none);
    if (posix_spawnattr_init(&attributes) != 0 ||
        posix_spawnattr_setsigmask(&attributes, &none) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) != 0 ||
        posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO) != 0 ||
        posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ) != 0) {
        die("cannot start %s", argv[0]);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return pid;
}
