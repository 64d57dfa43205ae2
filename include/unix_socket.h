/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening unix sockets: made at a path, or taken over from systemd (sd_listen_fds(3)).
 *
 *   unix_private_directory(path, why)              its directory is ours alone; made if missing
 *
 *   unix_listen(path, mode, &sock, why)            listens; replaces the socket of a dead process
 *
 *   unix_unlink(&sock)                             removes it at the end, if it is still ours
 *
 *   unix_activated(&list, why)                     what systemd passed: list.count may be 0
 *
 *   unix_take(&list, "qrexec", false, &sock, why)  one of them, by its name
 *
 * Each failure leaves in why (UNIX_WHY_MAX bytes) a sentence for the log that says what to do,
 * without a full stop. Listeners are non-blocking and close-on-exec; what accept4(2) returns has
 * its own flags. For single-threaded programs: the umask changes for a moment.
 */
#ifndef SPLIT_SSH_UNIX_SOCKET_H
#define SPLIT_SSH_UNIX_SOCKET_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "limits.h"

#define UNIX_PATH_MAX         sizeof(((struct sockaddr_un *)NULL)->sun_path) /* with the NUL */
#define UNIX_WHY_MAX          320U /* a path twice, and a sentence */
#define UNIX_ACTIVATED_MAX    8U   /* no program here takes more than two */
#define UNIX_ACTIVATED_NAME   256U /* systemd.socket(5): at most 255 characters */
#define UNIX_ACTIVATED_FD     3    /* SD_LISTEN_FDS_START */
#define UNIX_LOCK_TRIES       500  /* times 10 ms; the lock is held for a few system calls */
#define UNIX_LOCK_INTERVAL_NS 10000000L

struct unix_socket {
    int fd;
    char path[UNIX_PATH_MAX]; /* empty: systemd's, which also removes it */
    dev_t dev;                /* what was bound there, so that nothing else is removed */
    ino_t ino;
};

struct unix_activated {
    unsigned count;
    struct {
        int fd; /* -1 once taken */
        char name[UNIX_ACTIVATED_NAME];
    } socket[UNIX_ACTIVATED_MAX];
};

/* The directory of path into ret (UNIX_PATH_MAX bytes); path is shorter than that. */
static inline void unix_directory(const char *path, char *ret)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        memcpy(ret, ".", 2);
    } else if (slash == path) {
        memcpy(ret, "/", 2);
    } else {
        memcpy(ret, path, (size_t)(slash - path));
        ret[slash - path] = '\0';
    }
}

/* ERR_TOO_BIG if the path of a socket does not fit into a sockaddr_un, ERR_MALFORMED if empty. */
static inline enum err must_check unix_check_path(const char *path, char *ret_why)
{
    if (path[0] == '\0' || path[strlen(path) - 1] == '/') {
        snprintf(ret_why, UNIX_WHY_MAX, "the path of the socket has no file name");
        return ERR_MALFORMED;
    }
    if (strlen(path) >= UNIX_PATH_MAX) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "the path of the socket is too long, it may have %zu bytes: %.128s...",
                 UNIX_PATH_MAX - 1, path);
        return ERR_TOO_BIG;
    }
    return OK;
}

/*
 * Sees to it that nobody but our user (and root) can reach a socket at path: its directory is made
 * with mode 0700 if it is missing (its parent is not). ERR_DENIED if it is another user's or open
 * to others, ERR_SYSTEM with errno if it cannot be made or looked at, else as unix_check_path().
 */
static inline enum err must_check unix_private_directory(const char *path, char *ret_why)
{
    char dir[UNIX_PATH_MAX];
    struct stat st;
    enum err err = unix_check_path(path, ret_why);

    if (err != OK) {
        return err;
    }
    unix_directory(path, dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        snprintf(ret_why, UNIX_WHY_MAX, "cannot make the directory %s: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    if (stat(dir, &st) != 0) {
        snprintf(ret_why, UNIX_WHY_MAX, "%s: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(ret_why, UNIX_WHY_MAX, "%s is not a directory", dir);
        return ERR_DENIED;
    }
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "the directory %s is not private (owner %u, mode %04o): it must be ours with mode "
                 "0700",
                 dir, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
        return ERR_DENIED;
    }
    return OK;
}

/*
 * Locks the directory of path against other starting programs; *ret_fd is the lock until it is
 * closed. A file system without locks gives a descriptor that locks nothing. ERR_SYSTEM: the
 * directory cannot be opened, or somebody holds the lock for seconds.
 */
static inline enum err must_check unix_lock_directory(const char *path, int *ret_fd, char *ret_why)
{
    const struct timespec interval = {.tv_nsec = UNIX_LOCK_INTERVAL_NS};
    char dir[UNIX_PATH_MAX];
    int fd;

    unix_directory(path, dir);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(ret_why, UNIX_WHY_MAX, "cannot open the directory %s: %s", dir, strerror(errno));
        return ERR_SYSTEM;
    }
    for (int i = 0; i < UNIX_LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR)) {
            *ret_fd = fd;
            return OK;
        }
        nanosleep(&interval, NULL);
    }
    close(fd);
    snprintf(ret_why, UNIX_WHY_MAX, "another process keeps the directory %s locked", dir);
    errno = EWOULDBLOCK;
    return ERR_SYSTEM;
}

/* Whether somebody listens: 0 if so, else an errno of connect(2); ECONNREFUSED is a dead socket. */
static inline int unix_probe(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = 0;

    if (fd < 0) {
        return errno;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        result = errno;
    }
    close(fd);
    /* A full backlog, or a socket of another type, belongs to a living process too. */
    return result == EAGAIN || result == EPROTOTYPE ? 0 : result;
}

/*
 * Removes the socket of a dead process. ERR_DENIED if a living one listens there or if it is no
 * socket, ERR_SYSTEM with errno if that cannot be told or it cannot be removed.
 */
static inline enum err must_check unix_clear(const struct sockaddr_un *address, char *ret_why)
{
    const char *path = address->sun_path;
    struct stat st;
    int dead;

    if (lstat(path, &st) != 0) {
        if (errno == ENOENT) {
            return OK;
        }
        snprintf(ret_why, UNIX_WHY_MAX, "%s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(ret_why, UNIX_WHY_MAX, "%s is in the way and is not a socket: remove it", path);
        return ERR_DENIED;
    }
    dead = unix_probe(address);
    if (dead == 0) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "address in use by a living process: %s (end that one, or take another path)",
                 path);
        return ERR_DENIED;
    }
    if (dead != ECONNREFUSED && dead != ENOENT) {
        snprintf(ret_why, UNIX_WHY_MAX, "cannot tell whether %s is in use: %s", path,
                 strerror(dead));
        errno = dead;
        return ERR_SYSTEM;
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        snprintf(ret_why, UNIX_WHY_MAX, "cannot remove the old socket %s: %s", path,
                 strerror(errno));
        return ERR_SYSTEM;
    }
    return OK;
}

/*
 * Listens on a stream socket at path, whose file has the given mode from its first moment. A
 * relative path needs the same working directory for unix_unlink(). Errors: as unix_check_path(),
 * unix_lock_directory() and unix_clear(), and ERR_SYSTEM with errno.
 */
static inline enum err must_check unix_listen(const char *path, mode_t mode,
                                              struct unix_socket *ret_socket, char *ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    bool bound = false;
    mode_t before;
    int lock = -1;
    int fd = -1;
    enum err err = unix_check_path(path, ret_why);

    if (err != OK) {
        return err;
    }
    memcpy(address.sun_path, path, strlen(path));
    err = unix_lock_directory(path, &lock, ret_why);
    if (err == OK) {
        err = unix_clear(&address, ret_why);
    }
    if (err != OK) {
        goto out;
    }
    err = ERR_SYSTEM;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        before = umask(~mode & 0777);
        bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
        umask(before);
    }
    if (!bound || lstat(path, &st) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        snprintf(ret_why, UNIX_WHY_MAX, "cannot listen on %s: %s", path, strerror(errno));
        goto out;
    }
    *ret_socket = (struct unix_socket){.fd = fd, .dev = st.st_dev, .ino = st.st_ino};
    memcpy(ret_socket->path, path, strlen(path) + 1);
    fd = -1;
    bound = false;
    err = OK;
out:
    if (bound) {
        unlink(path);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (lock >= 0) {
        close(lock);
    }
    return err;
}

/*
 * Removes the socket's file unless something else is there by now. Call it before the descriptor
 * is closed: as long as we listen, nobody who starts takes the path over.
 */
static inline void unix_unlink(const struct unix_socket *sock)
{
    struct stat st;

    if (sock->path[0] != '\0' && lstat(sock->path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        st.st_dev == sock->dev && st.st_ino == sock->ino) {
        unlink(sock->path);
    }
}

/* A decimal number without sign, 1 to max, from the environment; 0 for anything else. */
static inline unsigned long unix_env_number(const char *name, unsigned long max)
{
    const char *text = getenv(name);
    char *end;
    unsigned long n;

    if (text == NULL || text[0] < '1' || text[0] > '9') {
        return 0;
    }
    errno = 0;
    n = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && n <= max ? n : 0;
}

/* The name that LISTEN_FDNAMES has for the socket number index; empty if it has none. */
static inline void unix_activated_name(unsigned index, char *ret)
{
    const char *names = getenv("LISTEN_FDNAMES");
    size_t len;

    ret[0] = '\0';
    while (names != NULL && index > 0) {
        names = strchr(names, ':');
        names = names == NULL ? NULL : names + 1;
        index--;
    }
    if (names == NULL) {
        return;
    }
    len = strcspn(names, ":");
    len = len < UNIX_ACTIVATED_NAME ? len : UNIX_ACTIVATED_NAME - 1;
    memcpy(ret, names, len);
    ret[len] = '\0';
}

/* Whether fd is a unix stream socket that listens. */
static inline bool unix_is_listener(int fd)
{
    int domain = 0;
    int type = 0;
    int listening = 0;
    socklen_t len = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening == 1;
}

/*
 * The sockets that systemd passed to this very process (LISTEN_PID), each checked and made
 * non-blocking and close-on-exec. None passed is OK with count 0; the environment stays as it is.
 * ERR_MALFORMED: the variables make no sense or a descriptor is not a listening unix stream
 * socket. ERR_TOO_BIG: more than UNIX_ACTIVATED_MAX. Nothing is closed.
 */
static inline enum err must_check unix_activated(struct unix_activated *ret_list, char *ret_why)
{
    struct unix_activated list = {.count = 0};
    unsigned long count;

    if (getenv("LISTEN_PID") == NULL || getenv("LISTEN_FDS") == NULL ||
        unix_env_number("LISTEN_PID", 0x7fffffffUL) != (unsigned long)getpid()) {
        *ret_list = list;
        return OK;
    }
    count = unix_env_number("LISTEN_FDS", 0x7fffffffUL);
    if (count == 0) {
        snprintf(ret_why, UNIX_WHY_MAX, "LISTEN_FDS is not a number of sockets");
        return ERR_MALFORMED;
    }
    if (count > UNIX_ACTIVATED_MAX) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "systemd passed %lu sockets, more than any program here takes", count);
        return ERR_TOO_BIG;
    }
    for (unsigned i = 0; i < count; i++) {
        int fd = UNIX_ACTIVATED_FD + (int)i;

        if (!unix_is_listener(fd)) {
            snprintf(ret_why, UNIX_WHY_MAX,
                     "descriptor %d from systemd is not a listening unix stream socket (the unit "
                     "needs ListenStream=/PATH and Accept=no)",
                     fd);
            return ERR_MALFORMED;
        }
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
            snprintf(ret_why, UNIX_WHY_MAX, "descriptor %d from systemd: %s", fd, strerror(errno));
            return ERR_SYSTEM;
        }
        list.socket[i].fd = fd;
        unix_activated_name(i, list.socket[i].name);
    }
    list.count = (unsigned)count;
    *ret_list = list;
    return OK;
}

/*
 * Moves the socket called name out of the list. With unnamed set, a list of exactly one socket
 * without a name of its own (none, "unknown", or the unit's, "*.socket") is taken for it.
 * ERR_NOT_FOUND: no such name (why is untouched). ERR_MALFORMED: it is there twice. What is left
 * over (fd >= 0) is the caller's business.
 */
static inline enum err must_check unix_take(struct unix_activated *list, const char *name,
                                            bool unnamed, struct unix_socket *ret_socket,
                                            char *ret_why)
{
    unsigned found = UNIX_ACTIVATED_MAX;

    for (unsigned i = 0; i < list->count; i++) {
        const char *own = list->socket[i].name;
        size_t len = strlen(own);
        bool anonymous = len == 0 || strcmp(own, "unknown") == 0 ||
                         (len > 7 && strcmp(own + len - 7, ".socket") == 0);

        if (list->socket[i].fd < 0 ||
            (strcmp(own, name) != 0 && !(unnamed && list->count == 1 && anonymous))) {
            continue;
        }
        if (found != UNIX_ACTIVATED_MAX) {
            snprintf(ret_why, UNIX_WHY_MAX, "systemd passed two sockets called \"%s\"", name);
            return ERR_MALFORMED;
        }
        found = i;
    }
    if (found == UNIX_ACTIVATED_MAX) {
        return ERR_NOT_FOUND;
    }
    *ret_socket = (struct unix_socket){.fd = list->socket[found].fd};
    list->socket[found].fd = -1;
    return OK;
}

#endif
