/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of system calls for the rest of a process's life (seccomp(2)); every other call kills it.
 * The one header here that takes more than libc, namely libseccomp: the programs that have a list
 * link it, and the loading of two lists should not be written twice.
 */
#ifndef SPLIT_SSH_SECCOMP_LIST_H
#define SPLIT_SSH_SECCOMP_LIST_H

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

#include "err.h"

struct seccomp_list {
    const int *allowed; /* SCMP_SYS() numbers */
    size_t allowed_count;
    const int *refused; /* fail with EACCES, where a library asks and can do without */
    size_t refused_count;
};

/* A call that is allowed with these first two arguments alone, compared as 64 bits. */
struct seccomp_exact {
    int call; /* SCMP_SYS() number, not in the list */
    scmp_datum_t arguments[2];
};

/* Memory, but never memory that can be executed. */
static inline int seccomp_allow_memory(scmp_filter_ctx filter, int call)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static inline int seccomp_allow_exact(scmp_filter_ctx filter, const struct seccomp_exact *exact)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, exact->call, 2,
                            SCMP_A0(SCMP_CMP_EQ, exact->arguments[0], 0),
                            SCMP_A1(SCMP_CMP_EQ, exact->arguments[1], 0));
}

static inline int seccomp_fill(scmp_filter_ctx filter, const struct seccomp_list *list)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    for (size_t i = 0; i < list->allowed_count && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, list->allowed[i], 0);
    }
    for (size_t i = 0; i < list->refused_count && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), list->refused[i], 0);
    }
    if (error == 0) {
        error = seccomp_allow_memory(filter, SCMP_SYS(mmap));
    }
    if (error == 0) {
        error = seccomp_allow_memory(filter, SCMP_SYS(mprotect));
    }
    return error;
}

/*
 * Puts the list, and the exact calls beside it, in force. mmap(2) and mprotect(2) are part of every
 * list. ERR_SYSTEM.
 */
static inline enum err must_check seccomp_enter_exact(const struct seccomp_list *list,
                                                      const struct seccomp_exact *exact,
                                                      size_t exact_count)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = -1;

    if (filter != NULL) {
        error = seccomp_fill(filter, list);
        for (size_t i = 0; i < exact_count && error == 0; i++) {
            error = seccomp_allow_exact(filter, &exact[i]);
        }
        if (error == 0) {
            error = seccomp_load(filter);
        }
        seccomp_release(filter);
    }
    return error == 0 ? OK : ERR_SYSTEM;
}

/* The list alone. */
static inline enum err must_check seccomp_enter(const struct seccomp_list *list)
{
    return seccomp_enter_exact(list, NULL, 0);
}

#endif
