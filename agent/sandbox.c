/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>

#include "landlock.h"
#include "report.h"
#include "seccomp_list.h"

static const int allowed[] = {
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl), /* the loop */
    SCMP_SYS(accept4),
    SCMP_SYS(getsockopt),
    SCMP_SYS(geteuid), /* who connects */
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), /* clients, keystore, syslog */
    SCMP_SYS(read),    /* signals, the timer */
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3), /* log, standard error */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid), /* libcrypto, syslog */
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(waitid),
    SCMP_SYS(wait4), /* how the keystore stopped and ended */
    SCMP_SYS(newfstatat),
    SCMP_SYS(lstat),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rmdir), /* sockets, at the end */
    SCMP_SYS(renameat),
    SCMP_SYS(flock),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate), /* the audit log (audit.h); Landlock says where */
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit_group),
#ifdef SPLIT_SSH_SANITIZE
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
#endif
};

/* A library that looks for a file does without; with openat it meets Landlock. */
static const int refused[] = {SCMP_SYS(open)};

static char description[64];

const char *sandbox_describe(void)
{
    return description;
}

/* One directory more. */
static void allow(struct landlock_path *paths, size_t *count, const char *path, uint64_t access)
{
    if (path[0] != '\0') {
        paths[(*count)++] = (struct landlock_path){.path = path, .access = access};
    }
}

static enum err enter_landlock(const struct listeners *listeners, const char *log, long *ret_abi)
{
    struct landlock_path paths[5];
    char agent[UNIX_PATH_MAX] = "";
    char qrexec[UNIX_PATH_MAX] = "";
    char parent[UNIX_PATH_MAX] = "";
    size_t count = 0;

    if (listeners->agent.socket.path[0] != '\0') {
        unix_directory(listeners->agent.socket.path, agent);
    }
    if (listeners->qrexec.socket.path[0] != '\0') {
        unix_directory(listeners->qrexec.socket.path, qrexec);
    }
    if (listeners->directory[0] != '\0') {
        unix_directory(listeners->directory, parent);
    }
    allow(paths, &count, agent, LANDLOCK_REMOVE_FILE);
    allow(paths, &count, qrexec, LANDLOCK_REMOVE_FILE);
    allow(paths, &count, listeners->runtime, LANDLOCK_REMOVE_FILE); /* named agents' sockets */
    allow(paths, &count, parent, LANDLOCK_REMOVE_DIR);
    allow(paths, &count, log,
          LANDLOCK_WRITE_FILE | LANDLOCK_MAKE_REG | LANDLOCK_REMOVE_FILE | LANDLOCK_TRUNCATE);
    return landlock_restrict(0, paths, count, ret_abi);
}

enum err sandbox_enter(const struct listeners *listeners, pid_t traced, int prompt, const char *log)
{
    const struct seccomp_rule rules[] = {
        /* The audit log is written to; nothing is read, also where there is no Landlock. */
        {SCMP_SYS(openat), SCMP_ACT_ALLOW, 1, {SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)}},
        {SCMP_SYS(openat),
         SCMP_ACT_ERRNO(EACCES),
         1,
         {SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDONLY)}},
        {SCMP_SYS(openat),
         SCMP_ACT_ERRNO(EACCES),
         1,
         {SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR)}},
        {SCMP_SYS(openat),
         SCMP_ACT_ERRNO(EACCES),
         1,
         {SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_ACCMODE)}},
        /* Descriptors come from the prompt alone: sockets of agents whose directory is new. */
        {SCMP_SYS(recvmsg), SCMP_ACT_ALLOW, 1, {SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)prompt, 0)}},
        /* To send the keystore on; never to read or change a register or a byte of it. The last
         * two: there is nobody to be sent on if the keystore is not traced. */
        {SCMP_SYS(ptrace),
         SCMP_ACT_ALLOW,
         2,
         {SCMP_A0(SCMP_CMP_EQ, PTRACE_CONT, 0), SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)traced, 0)}},
        {SCMP_SYS(ptrace),
         SCMP_ACT_ALLOW,
         2,
         {SCMP_A0(SCMP_CMP_EQ, PTRACE_LISTEN, 0), SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)traced, 0)}},
    };
    const size_t count = sizeof rules / sizeof rules[0];
    const struct seccomp_list list = {
        .allowed = allowed,
        .allowed_count = sizeof allowed / sizeof allowed[0],
        .refused = refused,
        .refused_count = sizeof refused / sizeof refused[0],
        .rules = rules,
        .rules_count = traced > 0 ? count : count - 2,
    };
    long abi = 0;
    enum err err = enter_landlock(listeners, log, &abi);

    if (err == OK) {
        err = seccomp_enter(&list);
    }
    if (err != OK) {
        report("cannot enter the sandbox: %s", strerror(errno));
        return err;
    }
    if (abi == 0) {
        report("warning: this kernel has no Landlock; the list of system calls stands alone");
    }
    snprintf(description, sizeof description, abi > 0 ? "seccomp, Landlock %ld" : "seccomp", abi);
    debug("sandbox of the agent: %s", description);
    return OK;
}
