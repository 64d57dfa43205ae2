/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "watch.h"

void calls_add(struct calls *calls, pid_t pid, int fd)
{
    unsigned i = 0;

    while (calls->call[i].pid != 0) {
        i++;
    }
    calls->call[i] = (struct call){.pid = pid, .fd = fd, .state = CALL_RUNNING, .deadline = NEVER};
    calls->running++;
    /*
     * No event but the implied EPOLLHUP: both directions are closed. Data and half-closes are the
     * child's. Without memory for the watch the child alone has to notice that its client left.
     */
    (void)watch_set(calls->epoll, EPOLL_CTL_ADD, fd, EPOLLET, WATCH_CALL, i);
}

struct call *calls_find(struct calls *calls, pid_t pid)
{
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        if (calls->call[i].pid == pid) {
            return &calls->call[i];
        }
    }
    return NULL;
}

int calls_remove(struct calls *calls, struct call *call)
{
    int fd = call->fd;

    /* Closing is not enough: a process that the child left behind may hold the connection. */
    (void)epoll_ctl(calls->epoll, EPOLL_CTL_DEL, fd, NULL);
    *call = (struct call){.pid = 0, .fd = -1};
    calls->running--;
    return fd;
}

void calls_client_gone(struct calls *calls, unsigned index, int64_t now)
{
    struct call *call = &calls->call[index];

    if (call->pid != 0 && call->state == CALL_RUNNING) {
        call->state = CALL_GONE;
        call->deadline = now + CALL_GRACE_MS;
    }
}

/* A child is not reaped behind our back, so its pid is still its own. */
static void next_signal(struct call *call, int64_t now)
{
    if (call->state == CALL_GONE) {
        kill(call->pid, SIGTERM);
        call->state = CALL_TERM;
        call->deadline = now + CALL_TERM_MS;
    } else {
        kill(call->pid, SIGKILL);
        call->state = CALL_KILLED;
        call->deadline = NEVER;
    }
}

int64_t calls_expire(struct calls *calls, int64_t now)
{
    int64_t next = NEVER;

    for (unsigned i = 0; i < CALLS_MAX; i++) {
        struct call *call = &calls->call[i];

        if (call->pid == 0) {
            continue;
        }
        if (call->deadline <= now) {
            next_signal(call, now);
        }
        if (call->deadline < next) {
            next = call->deadline;
        }
    }
    return next;
}

static void reap(struct calls *calls)
{
    struct call *call;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        call = calls_find(calls, pid);
        if (call != NULL) {
            close(calls_remove(calls, call));
        }
    }
}

void calls_end_all(struct calls *calls)
{
    int64_t now = now_ms();
    int64_t give_up = now + 2 * (int64_t)CALL_TERM_MS;
    sigset_t child;

    for (unsigned i = 0; i < CALLS_MAX; i++) {
        if (calls->call[i].pid != 0 && calls->call[i].state < CALL_TERM) {
            calls->call[i].state = CALL_GONE;
            calls->call[i].deadline = now;
        }
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (reap(calls); calls->running > 0 && now < give_up; now = now_ms()) {
        int64_t wait_ms = calls_expire(calls, now);
        struct timespec limit;

        wait_ms = (wait_ms < give_up ? wait_ms : give_up) - now;
        limit = (struct timespec){.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
        sigtimedwait(&child, NULL, &limit);
        reap(calls);
    }
}
