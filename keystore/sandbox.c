/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

#include <stdio.h>

#include "ipc.h"
#include "landlock.h"
#include "log.h"
#include "seccomp_list.h"

#ifndef __SNR_memfd_secret
#define __SNR_memfd_secret 447 /* the same on every architecture that has it */
#endif

static const int allowed[] = {
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), /* the agent's socket */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll), /* both sockets, and pipes */
    SCMP_SYS(write), /* the last line on standard error */
    SCMP_SYS(exit_group),
    /* The arena grows by mappings; the heap and Argon2 have theirs. */
    __SNR_memfd_secret,
    SCMP_SYS(ftruncate),
    SCMP_SYS(close),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2), /* glibc's mlock2(3) without flags is the older call */
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),  /* where the vDSO does not have it */
    SCMP_SYS(futex),          /* libcrypto's locks, if they ever wait */
    SCMP_SYS(rt_sigprocmask), /* swapcontext(3) */
    SCMP_SYS(getpid),         /* libcrypto: is this still the same process? */
    SCMP_SYS(restart_syscall),
#ifdef SPLIT_SSH_SANITIZE
    SCMP_SYS(sigaltstack),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
#endif
};

/*
 * Key files and passphrases come as descriptors, over the side channel and nothing else; only what
 * came so is read, and asked whether it is a regular file. The number of a socket is never theirs.
 * fstat(2) is made without glibc (descriptor.c), so that newfstatat(2), which takes names too, need
 * not be here.
 */
static const struct seccomp_rule rules[] = {
    {SCMP_SYS(recvmsg), SCMP_ACT_ALLOW, 1, {SCMP_A0(SCMP_CMP_EQ, IPC_SIDE_FD, 0)}},
    {SCMP_SYS(read), SCMP_ACT_ALLOW, 1, {SCMP_A0(SCMP_CMP_GT, IPC_SIDE_FD, 0)}},
    {SCMP_SYS(fstat), SCMP_ACT_ALLOW, 1, {SCMP_A0(SCMP_CMP_GT, IPC_SIDE_FD, 0)}},
};

enum err sandbox_enter(char *ret, size_t cap)
{
    const struct seccomp_list list = {
        .allowed = allowed,
        .allowed_count = sizeof allowed / sizeof allowed[0],
        .rules = rules,
        .rules_count = sizeof rules / sizeof rules[0],
    };
    long abi = 0;
    enum err err = landlock_restrict(0, NULL, 0, &abi);

    if (err == OK) {
        err = seccomp_enter(&list);
    }
    if (err != OK) {
        return err;
    }
    if (abi == 0) {
        log_line("warning: this kernel has no Landlock; the list of system calls stands alone");
    }
    snprintf(ret, cap, "seccomp, Landlock %ld", abi);
    return OK;
}
