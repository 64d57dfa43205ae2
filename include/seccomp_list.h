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
#include <stdint.h>
#include <sys/mman.h>

#include "err.h"

/* A call that depends on its first arguments, which are compared as 64 bits. */
struct seccomp_rule {
    int call;        /* SCMP_SYS() number, not in a list without conditions */
    uint32_t action; /* SCMP_ACT_* */
    unsigned count;  /* of the conditions, which all have to hold; SCMP_A0() and the like */
    struct scmp_arg_cmp conditions[2];
};

struct seccomp_list {
    const int *allowed; /* SCMP_SYS() numbers */
    size_t allowed_count;
    const int *refused; /* fail with EACCES, where a library asks and can do without */
    size_t refused_count;
    const struct seccomp_rule *rules;
    size_t rules_count;
};

static inline int seccomp_fill(scmp_filter_ctx filter, const struct seccomp_list *list)
{
    /* Memory, but never memory that can be executed. */
    const struct seccomp_rule memory[] = {
        {SCMP_SYS(mmap), SCMP_ACT_ALLOW, 1, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)}},
        {SCMP_SYS(mprotect), SCMP_ACT_ALLOW, 1, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)}},
    };
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    for (size_t i = 0; i < list->allowed_count && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, list->allowed[i], 0);
    }
    for (size_t i = 0; i < list->refused_count && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), list->refused[i], 0);
    }
    for (size_t i = 0; i < sizeof memory / sizeof memory[0] && error == 0; i++) {
        error = seccomp_rule_add_array(filter, memory[i].action, memory[i].call, memory[i].count,
                                       memory[i].conditions);
    }
    for (size_t i = 0; i < list->rules_count && error == 0; i++) {
        const struct seccomp_rule *rule = &list->rules[i];

        error =
            seccomp_rule_add_array(filter, rule->action, rule->call, rule->count, rule->conditions);
    }
    return error;
}

/* Puts the list in force. mmap(2) and mprotect(2) are part of every list. ERR_SYSTEM. */
static inline enum err must_check seccomp_enter(const struct seccomp_list *list)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = -1;

    if (filter != NULL) {
        error = seccomp_fill(filter, list);
        if (error == 0) {
            error = seccomp_load(filter);
        }
        seccomp_release(filter);
    }
    return error == 0 ? OK : ERR_SYSTEM;
}

#endif
