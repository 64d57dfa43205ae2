/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>

#include "landlock.h"
#include "secret.h"

#ifndef __SNR_memfd_secret
#define __SNR_memfd_secret 447 /* the same on every architecture that has it */
#endif

static const int allowed[] = {
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), /* the agent's socket */
    SCMP_SYS(write),  /* the last line on standard error */
    SCMP_SYS(exit_group),
    /* The arena grows by mappings; the heap and Argon2 have theirs. */
    __SNR_memfd_secret,
    SCMP_SYS(ftruncate),
    SCMP_SYS(close),
    SCMP_SYS(mlock2),
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
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
#endif
};

/* Memory, but never memory that can be executed. */
static int allow_memory(scmp_filter_ctx filter, int call)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static enum err load_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = filter == NULL;

    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0] && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    if (error == 0) {
        error = allow_memory(filter, SCMP_SYS(mmap));
    }
    if (error == 0) {
        error = allow_memory(filter, SCMP_SYS(mprotect));
    }
    if (error == 0) {
        error = seccomp_load(filter);
    }
    if (filter != NULL) {
        seccomp_release(filter);
    }
    return error == 0 ? OK : ERR_SYSTEM;
}

enum err sandbox_enter(char *ret, size_t cap)
{
    long abi = 0;
    enum err err = landlock_restrict(NULL, 0, &abi);

    if (err == OK) {
        err = load_filter();
    }
    if (err != OK) {
        return err;
    }
    if (abi > 0) {
        snprintf(ret, cap, "seccomp, Landlock %ld", abi);
    } else {
        snprintf(ret, cap, "seccomp; WARNING: this kernel has no Landlock");
    }
    return OK;
}
