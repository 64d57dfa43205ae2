/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "watch.h"

#define EVENTS_MAX      64
#define ACCEPTS_MAX     64U  /* in one round, so that ended calls are seen in between */
#define ACCEPT_PAUSE_MS 1000 /* without descriptors or memory, unless a call ends before */

/* Says why dom0, the vault or qrexec refused, and what to do about it. */
static void explain(struct relay *relay, int status)
{
    const struct client_call *d = relay->destination;
    bool any = strcmp(d->target, CALL_TARGET_ANY) == 0;
    const char *vault = any ? "the vault" : d->target;

    switch (status) {
    case QREXEC_DENIED:
        notice(&relay->notices, NOTICE_DENIED, relay->now,
               "dom0 refused %s to %s (126): the user said no, or no policy allows it; a line for "
               "/etc/qubes/policy.d/30-user.policy in dom0: qubes.SshAgent +%s NAME-OF-THIS-QUBE "
               "%s allow%s",
               d->service, d->target, d->argument, d->target,
               any ? " target=NAME-OF-THE-VAULT" : "");
        break;
    case QREXEC_NO_SERVICE:
        notice(&relay->notices, NOTICE_NO_SERVICE, relay->now,
               "%s has no service %s (127): install split-ssh-vault in its template, then in dom0 "
               "`qvm-service %s split-ssh-vault on`, and restart it; `split-ssh check` there says "
               "what is missing",
               vault, d->service, any ? "NAME-OF-THE-VAULT" : d->target);
        break;
    default:
        notice(
            &relay->notices, NOTICE_TROUBLE, relay->now,
            "qrexec could not make the call of %s to %s (125): see that %s exists and can start, "
            "that `split-ssh check` there finds nothing wrong, and that other qrexec calls from "
            "this qube work",
            d->service, d->target, vault);
        break;
    }
}

/* True if the connection was refused before it was served, so that its client needs an answer. */
static bool child_refused(struct relay *relay, const struct call *call, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

    if (code == QREXEC_TROUBLE || code == QREXEC_DENIED || code == QREXEC_NO_SERVICE) {
        explain(relay, code);
        return true;
    }
    if (code != 0) {
        notice(&relay->notices, NOTICE_STATUS, relay->now, "%s ended with status %d",
               relay->options->client, code);
    } else if (WIFSIGNALED(status) && call->state < CALL_TERM) {
        notice(&relay->notices, NOTICE_STATUS, relay->now, "%s was ended by signal %d (%s)",
               relay->options->client, WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return false;
}

static void reap(struct relay *relay)
{
    struct call *call;
    bool refused;
    int status;
    pid_t pid;
    int fd;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        call = calls_find(&relay->calls, pid);
        if (call == NULL) {
            continue; /* a child of whatever ran in this process before */
        }
        refused = child_refused(relay, call, status);
        fd = calls_remove(&relay->calls, call);
        if (refused) {
            refusals_add(&relay->refusals, fd, relay->now);
        } else {
            close(fd);
        }
        relay->paused_until = 0;
    }
}

static void begin_call(struct relay *relay, int fd)
{
    pid_t pid;

    if (qrexec_spawn(&relay->qrexec, fd, &pid) == OK) {
        calls_add(&relay->calls, pid, fd);
        return;
    }
    notice(&relay->notices, NOTICE_SPAWN, relay->now, "cannot start %s: %s%s",
           relay->options->client, strerror(errno),
           errno == ENOENT ? " (it comes with Qubes OS: qubes-core-qrexec; --qrexec-client names "
                             "another one)"
                           : "");
    refusals_add(&relay->refusals, fd, relay->now);
}

/* Root may connect as well: it could take our identity anyway. */
static bool peer_allowed(struct relay *relay, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return false;
    }
    if (peer.uid != 0 && peer.uid != geteuid()) {
        notice(&relay->notices, NOTICE_STRANGER, relay->now,
               "refused a connection of user %u: the socket's directory should have mode 0700",
               (unsigned)peer.uid);
        return false;
    }
    return true;
}

/* Connections wait in the backlog; many clients do not wait that long. */
static bool already_gone(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = 0};

    return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLHUP | POLLERR)) != 0;
}

/* True if it makes sense to go on accepting. */
static bool accept_failed(struct relay *relay)
{
    if (errno == EINTR || errno == ECONNABORTED) {
        return true;
    }
    if (errno == EAGAIN) {
        return false;
    }
    if (errno == EMFILE && refusals_drop_oldest(&relay->refusals)) {
        return true;
    }
    notice(&relay->notices, NOTICE_ACCEPT, relay->now,
           "cannot take another connection now: %s (clients wait; -n sets a lower number of calls)",
           strerror(errno));
    relay->paused_until = relay->now + ACCEPT_PAUSE_MS;
    return false;
}

static void accept_clients(struct relay *relay)
{
    for (unsigned i = 0; i < ACCEPTS_MAX && relay->calls.running < relay->options->calls; i++) {
        int fd = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0 && peer_allowed(relay, fd) && !already_gone(fd)) {
            begin_call(relay, fd);
        } else if (fd >= 0) {
            close(fd);
        } else if (!accept_failed(relay)) {
            return;
        }
    }
}

static void read_signals(struct relay *relay)
{
    struct signalfd_siginfo info;

    while (read(relay->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            relay->end = true;
        }
    }
    reap(relay);
}

/* Connections first: a slot that a child's end frees must not meet an older event. */
static void dispatch(struct relay *relay, const struct epoll_event *events, int count)
{
    bool signalled = false;
    bool connected = false;

    for (int i = 0; i < count; i++) {
        switch (watch_kind(&events[i])) {
        case WATCH_CALL:
            calls_client_gone(&relay->calls, watch_index(&events[i]), relay->now);
            break;
        case WATCH_REFUSAL:
            refusals_read(&relay->refusals, watch_index(&events[i]));
            break;
        case WATCH_SIGNALS:
            signalled = true;
            break;
        case WATCH_LISTENER:
            connected = true;
            break;
        }
    }
    if (signalled) {
        read_signals(relay);
    }
    if (connected && !relay->end) {
        accept_clients(relay);
    }
}

/* Does what is due, and watches the listener or not; returns the time to wait for epoll_wait(). */
static int housekeeping(struct relay *relay)
{
    int64_t next[] = {
        calls_expire(&relay->calls, relay->now),
        refusals_expire(&relay->refusals, relay->now),
        notices_flush(&relay->notices, relay->now),
        relay->paused_until > relay->now ? relay->paused_until : NEVER,
    };
    bool accepting =
        relay->calls.running < relay->options->calls && relay->paused_until <= relay->now;
    int64_t first = NEVER;

    if (accepting != relay->accepting && watch_set(relay->epoll, EPOLL_CTL_MOD, relay->listener,
                                                   accepting ? EPOLLIN : 0, WATCH_LISTENER, 0)) {
        relay->accepting = accepting;
    }
    for (unsigned i = 0; i < sizeof next / sizeof next[0]; i++) {
        first = next[i] < first ? next[i] : first;
    }
    if (first == NEVER) {
        return -1;
    }
    first -= relay->now;
    return first < 0 ? 0 : (int)first; /* no deadline is further away than 30 s */
}

/* A signal that was ignored when we started, by nohup for one, stays ignored. */
static int open_signals(void)
{
    const struct sigaction default_action = {.sa_handler = SIG_DFL};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction hangup;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigaction(SIGHUP, NULL, &hangup) != 0 || hangup.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGHUP); /* nohup(1) has it ignored; blocked it would come all the same */
    }
    /* Ignored, it would take the children's exit status with it. */
    if (sigaction(SIGCHLD, &default_action, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0 ||
        sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum err relay_open(struct relay *ret_relay, const struct options *options,
                    const struct client_call *destination, int listener)
{
    struct relay *relay = ret_relay;

    *relay = (struct relay){.options = options,
                            .destination = destination,
                            .listener = listener,
                            .epoll = -1,
                            .signals = -1,
                            .accepting = true};
    if (qrexec_open(&relay->qrexec, options->client, destination->target, destination->service) !=
        OK) {
        return ERR_SYSTEM;
    }
    relay->signals = open_signals();
    relay->epoll = epoll_create1(EPOLL_CLOEXEC);
    relay->calls.epoll = relay->epoll;
    relay->refusals.epoll = relay->epoll;
    if (relay->signals < 0 || relay->epoll < 0 ||
        !watch_set(relay->epoll, EPOLL_CTL_ADD, relay->signals, EPOLLIN, WATCH_SIGNALS, 0) ||
        !watch_set(relay->epoll, EPOLL_CTL_ADD, listener, EPOLLIN, WATCH_LISTENER, 0)) {
        return ERR_SYSTEM;
    }
    return OK;
}

enum err relay_run(struct relay *relay)
{
    struct epoll_event events[EVENTS_MAX];
    int count;

    relay->now = now_ms();
    while (!relay->end) {
        count = epoll_wait(relay->epoll, events, EVENTS_MAX, housekeeping(relay));
        if (count < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        relay->now = now_ms();
        dispatch(relay, events, count);
    }
    return OK;
}

void relay_close(struct relay *relay)
{
    calls_end_all(&relay->calls);
    refusals_close(&relay->refusals);
    close(relay->epoll);
    close(relay->signals);
}
