/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define CHILDREN_MAX 16U

/* proc_pid_status(5). VmRSS also counts secret memory, which is in no kind of anonymous memory. */
static double resident_kib(pid_t pid)
{
    static const char field[] = "VmRSS:";
    char path[64];
    char line[256];
    double kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    if (f == NULL) {
        die("%s", path);
    }
    while (kib < 0 && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, field, sizeof field - 1) == 0) {
            kib = (double)strtoimax(line + sizeof field - 1, NULL, 10);
        }
    }
    fclose(f);
    if (kib < 0) {
        die("%s has no VmRSS", path);
    }
    return kib;
}

/* The sum of a list of process ids, as /proc/PID/task/PID/children has it. */
static double sum_of(char *list)
{
    double sum = 0;
    char *next;

    for (char *word = strtok_r(list, " \n", &next); word != NULL;
         word = strtok_r(NULL, " \n", &next)) {
        sum += resident_kib((pid_t)strtoimax(word, NULL, 10));
    }
    return sum;
}

double memory_kib(pid_t pid)
{
    char list[CHILDREN_MAX * 12] = "";
    double sum = resident_kib(pid);
    char path[64];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    f = fopen(path, "re");
    if (f == NULL) {
        die("%s", path);
    }
    if (fgets(list, sizeof list, f) != NULL) {
        sum += sum_of(list);
    }
    fclose(f);
    return sum;
}
