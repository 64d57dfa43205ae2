/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "report.h"

static pid_t traced;

static void on_event(struct source *source, uint32_t events);

static struct source children = {.fd = -1, .on_event = on_event};

/* Without glibc's function: the list of system calls compares all 64 bits of each argument. */
static bool request(long what, long pid, long data)
{
    return syscall(SYS_ptrace, what, pid, 0L, data) == 0;
}

static bool stops(int signal_number)
{
    return signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN ||
           signal_number == SIGTTOU;
}

/*
 * As if there were no tracer (ptrace(2), "Stopped states"): a signal on its way is delivered, a
 * process that SIGSTOP has stopped stays so until SIGCONT, and one that SIGCONT woke up goes on. It
 * fails if the process was killed meanwhile, and then there is nothing to be done.
 */
static void send_on(int status)
{
    const int signal_number = status & 0xff;
    const int event = status >> 8;

    if (event == 0) {
        request(PTRACE_CONT, traced, signal_number);
    } else if (event == PTRACE_EVENT_STOP && stops(signal_number)) {
        request(PTRACE_LISTEN, traced, 0);
    } else {
        request(PTRACE_CONT, traced, 0);
    }
}

/* Once is enough: it stops again only after it was sent on, and that is the next SIGCHLD. */
void trace_resume(void)
{
    siginfo_t info = {.si_pid = 0};

    if (traced != 0 && waitid(P_PID, (id_t)traced, &info, WSTOPPED | WNOHANG) == 0 &&
        info.si_pid == traced) {
        send_on(info.si_status);
    }
}

static void on_event(struct source *source, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    /* Before the look at the process: a SIGCHLD that comes after it is seen by the next wait. */
    if (read(source->fd, &info, sizeof info) < 0 && errno != EAGAIN) {
        report("cannot read signals: %s", strerror(errno));
    }
    trace_resume();
}

/* SIGCHLD that is ignored would not be sent. */
static bool watch_children(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    children.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return children.fd >= 0;
}

void trace_begin(pid_t pid)
{
    if (watch_children() && request(PTRACE_SEIZE, pid, PTRACE_O_EXITKILL)) {
        traced = pid;
        debug("the keystore is traced by the agent: nobody else can attach");
        return;
    }
    report("warning: the agent cannot trace the keystore (%s): where root can, it sees words of "
           "keys in registers during a signature",
           strerror(errno));
}

enum err trace_watch(void)
{
    return traced == 0 ? OK : loop_add(&children, EPOLLIN);
}

bool trace_wait(int fd, int timeout_ms)
{
    /* poll(2) leaves out a descriptor of -1. */
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = children.fd, .events = POLLIN}};

    while (poll(fds, 2, timeout_ms) > 0) {
        if (fds[0].revents != 0) {
            return true;
        }
        on_event(&children, EPOLLIN);
    }
    return false;
}

pid_t trace_pid(void)
{
    return traced;
}
