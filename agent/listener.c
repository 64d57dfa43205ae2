/* SPDX-License-Identifier: BSD-2-Clause */
#include "listener.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "report.h"

#define ACCEPT_AT_ONCE 16    /* then others have their turn */
#define RETRY_MS       1000U /* after descriptors or memory ran out */
#define QREXEC_GROUP   "qubes"

static enum err fresh_directory(struct listeners *listeners, char *ret_path)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(listeners->directory, sizeof listeners->directory, "%s/ssh-XXXXXXXXXX",
                     tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");

    if (n < 0 || (size_t)n + sizeof "/agent.2147483647" > sizeof listeners->directory) {
        report("TMPDIR is too long for the path of a socket: use -a");
        listeners->directory[0] = '\0';
        return ERR_TOO_BIG;
    }
    if (mkdtemp(listeners->directory) == NULL) {
        report("cannot make a directory for the socket in %s: %s", tmp != NULL ? tmp : "/tmp",
               strerror(errno));
        listeners->directory[0] = '\0';
        return ERR_SYSTEM;
    }
    n = snprintf(ret_path, UNIX_PATH_MAX, "%s/agent.%ld", listeners->directory, (long)getpid());
    return n > 0 && (size_t)n < UNIX_PATH_MAX ? OK : ERR_TOO_BIG;
}

/* qrexec's daemon is root or our own user; in Qubes both are in the group, so it is asked for. */
static void give_to_group(const struct unix_socket *sock)
{
    const struct group *group = getgrnam(QREXEC_GROUP);

    if (group != NULL && chown(sock->path, (uid_t)-1, group->gr_gid) != 0) {
        debug("%s keeps its group: %s", sock->path, strerror(errno));
    }
}

static enum err open_at(struct listener *listener, const char *path, mode_t mode)
{
    char why[UNIX_WHY_MAX];
    enum err err = unix_listen(path, mode, &listener->socket, why);

    if (err != OK) {
        report("%s", why);
        return err;
    }
    if (listener->qrexec) {
        give_to_group(&listener->socket);
    }
    return OK;
}

static enum err take_activated(struct unix_activated *list, const char *name, bool unnamed,
                               struct listener *listener, char *ret_why)
{
    enum err err = unix_take(list, name, unnamed, &listener->socket, ret_why);

    if (err == ERR_NOT_FOUND) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "none of systemd's sockets is called \"%s\" (FileDescriptorName= in its unit)",
                 name);
    }
    return err;
}

/* systemd's sockets count where ssh-agent takes them: in the foreground, and without -a. */
static enum err open_activated(struct listeners *listeners, const struct options *options)
{
    struct unix_activated list;
    char why[UNIX_WHY_MAX];
    enum err err;

    if (options->mode != RUN_FOREGROUND || options->socket != NULL) {
        return OK;
    }
    err = unix_activated(&list, why);
    if (err == OK && list.count > 0) {
        err = take_activated(&list, "agent", true, &listeners->agent, why);
        if (err == OK && list.count > 1) {
            err = take_activated(&list, "qrexec", false, &listeners->qrexec, why);
        }
    }
    if (err != OK) {
        report("%s", why);
    }
    return err;
}

/*
 * Beside the agent's own socket, unless that is in a directory of its own: whoever starts an agent
 * there takes the directory away, and wants no other keys than it adds.
 */
static enum err find_runtime(struct listeners *listeners)
{
    struct sockaddr_un address;
    socklen_t len = sizeof address;
    char path[sizeof address.sun_path + 1] = "";
    char directory[UNIX_PATH_MAX];
    char *whole;

    if (getsockname(listeners->agent.socket.fd, (struct sockaddr *)&address, &len) != 0) {
        report("cannot tell where the agent's socket is: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    if (len > offsetof(struct sockaddr_un, sun_path)) {
        memcpy(path, address.sun_path, len - offsetof(struct sockaddr_un, sun_path));
    }
    if (path[0] == '\0') {
        return OK; /* abstract, or without a name */
    }
    unix_directory(path, directory);
    whole = realpath(directory, NULL);
    if (whole == NULL) {
        report("warning: no key files are read, and no named agents served: %s: %s", directory,
               strerror(errno));
        return OK;
    }
    /* A longer one has no room for a socket's name, which the prompt will say. */
    snprintf(listeners->runtime, sizeof listeners->runtime, "%s", whole);
    free(whole);
    return OK;
}

static enum err open_sockets(struct listeners *listeners, const struct options *options)
{
    char path[UNIX_PATH_MAX];
    const char *agent_path = options->socket;
    enum err err = open_activated(listeners, options);

    if (err == OK && listeners->agent.socket.fd < 0) {
        if (agent_path == NULL) {
            err = fresh_directory(listeners, path);
            agent_path = path;
        }
        if (err == OK) {
            err = open_at(&listeners->agent, agent_path, 0600);
        }
    }
    if (err == OK && listeners->qrexec.socket.fd < 0 && options->qrexec_socket != NULL) {
        err = open_at(&listeners->qrexec, options->qrexec_socket, 0660);
    }
    if (err == OK && listeners->directory[0] == '\0') {
        err = find_runtime(listeners);
    }
    return err;
}

enum err listeners_open(struct listeners *listeners, const struct options *options)
{
    enum err err;

    *listeners = (struct listeners){.agent.socket.fd = -1, .qrexec.socket.fd = -1};
    listeners->qrexec.qrexec = true;
    err = open_sockets(listeners, options);
    if (err != OK) {
        listeners_close(listeners);
    }
    return err;
}

/* Ours or root's: qrexec connects as either, and ssh-agent lets the same two in. */
static bool is_welcome(int fd)
{
    static struct report_bucket bucket;
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return false;
    }
    if (peer.uid != 0 && peer.uid != geteuid()) {
        report_limited(&bucket, "listener", "uid %u may not connect", (unsigned)peer.uid);
        return false;
    }
    return true;
}

/* May there be one more? Of connections without a descriptor, the oldest makes way. */
static bool has_room(bool qrexec)
{
    static struct report_bucket bucket;

    if (!qrexec && client_count_local() >= LOCAL_CLIENTS_MAX) {
        report_limited(&bucket, "local", "%u connections; one more closed", LOCAL_CLIENTS_MAX);
        return false;
    }
    if (qrexec && client_count_unidentified() >= QREXEC_UNIDENTIFIED_MAX) {
        client_evict_unidentified();
    }
    if (qrexec && client_count_qrexec() >= QREXEC_CLIENTS_MAX) {
        report_limited(&bucket, "qubes", "%u connections; one more closed", QREXEC_CLIENTS_MAX);
        return false;
    }
    return true;
}

static void pause_listener(struct listener *listener, const char *why)
{
    static struct report_bucket bucket;

    report_limited(&bucket, "listener", "new connections wait: %s", why);
    loop_remove(&listener->source);
    listener->paused = true;
    listener->retry_ms = boottime_ms() + RETRY_MS;
}

static void on_event(struct source *source, uint32_t events)
{
    struct listener *listener = (struct listener *)source; /* its first member */

    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                pause_listener(listener, strerror(errno));
            }
            return;
        }
        if (!is_welcome(fd) || !has_room(listener->qrexec)) {
            close(fd);
        } else if (!client_accept(fd, listener->qrexec, listener->agent)) {
            pause_listener(listener, strerror(ENOMEM));
            return;
        }
    }
}

static_assert(offsetof(struct listener, source) == 0, "on_event casts");

static enum err watch(struct listener *listener)
{
    listener->source = (struct source){.fd = listener->socket.fd, .on_event = on_event};
    return listener->socket.fd < 0 ? OK : loop_add(&listener->source, EPOLLIN);
}

enum err listeners_watch(struct listeners *listeners, struct agent *agent)
{
    enum err err;

    listeners->agent.agent = agent;
    listeners->watched = true;
    err = watch(&listeners->agent);
    if (err == OK) {
        err = watch(&listeners->qrexec);
    }
    for (size_t i = 0; i < listeners->named_count && err == OK; i++) {
        err = watch(&listeners->named[i]);
    }
    return err;
}

/* So that it can be removed at the end; one that is not there any more is not ours. */
static void remember_path(const struct listeners *listeners, const char *name,
                          struct unix_socket *sock)
{
    struct stat status;
    int n = snprintf(sock->path, sizeof sock->path, "%s/%s.sock", listeners->runtime, name);

    if (n < 0 || (size_t)n >= sizeof sock->path || stat(sock->path, &status) != 0) {
        sock->path[0] = '\0';
        return;
    }
    sock->dev = status.st_dev;
    sock->ino = status.st_ino;
}

enum err listeners_add(struct listeners *listeners, struct agent *agent, int fd)
{
    struct listener *listener;
    enum err err = OK;

    if (listeners->named_count == AGENTS_MAX) {
        close(fd);
        return ERR_TOO_MANY;
    }
    listener = &listeners->named[listeners->named_count];
    *listener = (struct listener){.socket = {.fd = fd}, .agent = agent};
    remember_path(listeners, agent_label(agent), &listener->socket);
    if (listeners->watched) {
        err = watch(listener);
    }
    if (err != OK) {
        close(fd);
        return err;
    }
    listeners->named_count++;
    return OK;
}

static int resume(struct listener *listener, uint64_t now)
{
    if (!listener->paused) {
        return -1;
    }
    if (now >= listener->retry_ms && loop_add(&listener->source, EPOLLIN) == OK) {
        listener->paused = false;
        return -1;
    }
    return now >= listener->retry_ms ? (int)RETRY_MS : (int)(listener->retry_ms - now);
}

int listeners_resume(struct listeners *listeners, uint64_t now)
{
    int next = loop_earlier(resume(&listeners->agent, now), resume(&listeners->qrexec, now));

    for (size_t i = 0; i < listeners->named_count; i++) {
        next = loop_earlier(next, resume(&listeners->named[i], now));
    }
    return next;
}

static void close_one(struct listener *listener)
{
    if (listener->socket.fd >= 0) {
        unix_unlink(&listener->socket);
        close(listener->socket.fd);
        listener->socket.fd = -1;
    }
}

void listeners_close(struct listeners *listeners)
{
    close_one(&listeners->agent);
    close_one(&listeners->qrexec);
    for (size_t i = 0; i < listeners->named_count; i++) {
        close_one(&listeners->named[i]);
    }
    if (listeners->directory[0] != '\0') {
        rmdir(listeners->directory);
        listeners->directory[0] = '\0';
    }
}
