/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock (landlock(7)) by its system calls: glibc has no functions for it, and a distribution's
 * header can be older than its kernel, so the numbers that the kernel knows are asked from it.
 */
#ifndef SPLIT_SSH_LANDLOCK_H
#define SPLIT_SSH_LANDLOCK_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* the same on every architecture */
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

/* linux/landlock.h's bits that rules here give. */
#define LANDLOCK_EXECUTE     (1ULL << 0)
#define LANDLOCK_WRITE_FILE  (1ULL << 1)
#define LANDLOCK_REMOVE_DIR  (1ULL << 4)
#define LANDLOCK_REMOVE_FILE (1ULL << 5)
#define LANDLOCK_MAKE_REG    (1ULL << 8)
#define LANDLOCK_TRUNCATE    (1ULL << 14) /* ABI 3; before, it cannot be taken away */

/* What stays allowed below a directory (or of a file). */
struct landlock_path {
    const char *path;
    uint64_t access;
};

/* linux/landlock.h: struct landlock_ruleset_attr, as it grew. */
struct landlock_attributes {
    uint64_t fs;     /* ABI 1 */
    uint64_t net;    /* ABI 4 */
    uint64_t scoped; /* ABI 6 */
};

/* Everything that this version of Landlock can take away, and the size that it knows. */
static inline size_t landlock_everything(long abi, struct landlock_attributes *ret)
{
    /* File system: 13 rights, then one more (refer), truncate, and ioctl on devices. */
    const unsigned rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;

    *ret = (struct landlock_attributes){
        .fs = (1ULL << rights) - 1,
        .net = abi >= 4 ? 3 : 0, /* TCP: bind, connect */
        /* Abstract sockets. Not signals: what the kernel sends to a child at our death is one. */
        .scoped = abi >= 6 ? 1 : 0,
    };
    if (abi >= 6) {
        return sizeof *ret;
    }
    return abi >= 4 ? offsetof(struct landlock_attributes, scoped)
                    : offsetof(struct landlock_attributes, net);
}

/* handled: what is taken away; the kernel does not take a rule about anything else. */
static inline enum err must_check landlock_allow(int ruleset, const struct landlock_path *allowed,
                                                 uint64_t handled)
{
    struct {
        uint64_t access;
        int32_t parent_fd;
    } __attribute__((packed)) rule = {.access = allowed->access & handled};
    long result;

    rule.parent_fd = open(allowed->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return ERR_SYSTEM;
    }
    result = syscall(SYS_landlock_add_rule, ruleset, 1 /* path beneath */, &rule, 0);
    close(rule.parent_fd);
    return result == 0 ? OK : ERR_SYSTEM;
}

/*
 * Takes rights from the process, and from what it runs, for good, but for those of count paths:
 * the LANDLOCK_* rights of fs alone, or with 0 everything that the kernel's Landlock knows.
 * *ret_abi is the version that the kernel has: 0 for none, and then nothing has changed. Sets "no
 * new privileges". ERR_SYSTEM: errno says why; the process is not restricted.
 */
static inline enum err must_check landlock_restrict(uint64_t fs, const struct landlock_path *paths,
                                                    size_t count, long *ret_abi)
{
    struct landlock_attributes attributes;
    size_t size;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* version */);
    enum err err = OK;
    long ruleset;

    if (abi < 1) {
        *ret_abi = 0;
        return OK;
    }
    size = landlock_everything(abi, &attributes);
    if (fs != 0) {
        attributes = (struct landlock_attributes){.fs = fs};
    }
    ruleset = syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) {
        return ERR_SYSTEM;
    }
    for (size_t i = 0; i < count && err == OK; i++) {
        err = landlock_allow((int)ruleset, &paths[i], attributes.fs);
    }
    if (err == OK && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                      syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)) {
        err = ERR_SYSTEM;
    }
    close((int)ruleset);
    *ret_abi = abi;
    return err;
}

#endif
