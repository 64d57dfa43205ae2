/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

static int directory = -1;
static int file = -1;
static dev_t file_dev;            /* which file that is, */
static ino_t file_ino;            /* whatever has its name by now */
static int no_directory = ENOENT; /* errno: why there is none */
static char path[PATH_MAX];

/* Says that there will be no log, and remembers errno for those who want to write. */
static bool no_log(const char *what, const char *name)
{
    no_directory = errno;
    report("no audit log: %s %s: %s", what, name, strerror(no_directory));
    return false;
}

/* Makes the directory, and those above it, where they are missing. */
static bool make_directories(char *name)
{
    for (char *slash = strchr(name + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(name, 0700) != 0 && errno != EEXIST) {
            return no_log("cannot make the directory", name);
        }
        if (slash == NULL) {
            return true;
        }
        *slash = '/';
    }
}

/* The directory has to be ours: who can write to it can hide what was decided. */
static bool open_directory(const char *name)
{
    struct stat st;
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ours = false;

    if (fd < 0 || fstat(fd, &st) != 0) {
        no_log("cannot open the directory", name);
    } else if (st.st_uid != geteuid()) {
        errno = EPERM;
        no_log("another user owns the directory", name);
    } else if ((st.st_mode & 022) != 0) {
        errno = EPERM;
        no_log("others may write to the directory (chmod 700 helps)", name);
    } else {
        ours = true;
    }
    if (ours) {
        directory = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    return ours;
}

/* Opens what has the log's name now, or makes it; the one that was open before is closed then. */
static bool open_file(void)
{
    struct stat st;
    /* O_NONBLOCK: a FIFO of that name must not stop us; it means nothing to a file. */
    int fd = openat(directory, AUDIT_FILE,
                    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        close(fd);
        errno = EEXIST; /* something that is not our log */
        return false;
    }
    if (file >= 0) {
        close(file);
    }
    file = fd;
    file_dev = st.st_dev;
    file_ino = st.st_ino;
    return true;
}

enum err audit_open(void)
{
    char name[PATH_MAX];
    enum err err = audit_log_directory(name);

    signal(SIGXFSZ, SIG_IGN);
    if (err != OK) {
        errno = err == ERR_TOO_BIG ? ENAMETOOLONG : ENOENT;
        no_log("cannot find this user's home directory", "(set HOME)");
        return ERR_SYSTEM;
    }
    if (!make_directories(name) || !open_directory(name)) {
        return ERR_SYSTEM;
    }
    memcpy(path, name, strlen(name) + 1);
    if (!open_file()) {
        report("no audit log yet: cannot write to %s/%s: %s", path, AUDIT_FILE, strerror(errno));
        return ERR_SYSTEM;
    }
    return OK;
}

const char *audit_directory(void)
{
    return path;
}

/* Does the file that is open still have the log's name? *ret_size: its bytes, if so. */
static bool is_current(off_t *ret_size)
{
    struct stat st;

    if (file < 0 || fstatat(directory, AUDIT_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        st.st_dev != file_dev || st.st_ino != file_ino) {
        return false;
    }
    *ret_size = st.st_size;
    return true;
}

/*
 * Another agent may do the same at this moment: one of them gets the lock, and looks again, so that
 * none renames the fresh log over the full one. Without lock or rename the full log grows on: what
 * counts is that nothing is lost, and that nobody waits.
 */
static void rotate(void)
{
    off_t size;

    if (flock(directory, LOCK_EX | LOCK_NB) != 0) {
        return;
    }
    if (is_current(&size) && size >= (off_t)AUDIT_SIZE_MAX) {
        (void)renameat(directory, AUDIT_FILE, directory, AUDIT_OLD);
    }
    flock(directory, LOCK_UN);
}

/*
 * Takes back the n bytes that were just written, unless another agent's line follows them by now.
 * O_APPEND leaves the file offset behind our own bytes.
 */
static void take_back(size_t n)
{
    off_t end = lseek(file, 0, SEEK_CUR);
    struct stat st;

    if (end >= (off_t)n && fstat(file, &st) == 0 && st.st_size == end) {
        int ignored = ftruncate(file, end - (off_t)n);

        (void)ignored; /* it fails where the disk does */
    }
}

/*
 * No fsync(2): a line is for what clients do, and those cannot cut the power; a full disk shows in
 * write(2) itself. It would cost each signature milliseconds, with the loop standing still.
 */
static enum err append(const char *line, size_t len)
{
    ssize_t n = write(file, line, len);

    if (n >= 0 && (size_t)n == len) {
        return OK;
    }
    if (n >= 0) {
        take_back((size_t)n);
        errno = ENOSPC; /* what short writes to files come from */
    }
    return ERR_AUDIT;
}

enum err audit_write(const struct audit_record *record)
{
    static char line[AUDIT_LINE_MAX]; /* too much to be set to zero each time, as a compiler does */
    struct timespec now;
    bool current;
    off_t size;
    size_t len;

    if (directory < 0) {
        errno = no_directory;
        return ERR_AUDIT;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (audit_format(record, (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U, line,
                     sizeof line) != OK) {
        errno = EMSGSIZE;
        return ERR_AUDIT;
    }
    len = strlen(line);
    line[len++] = '\n';
    current = is_current(&size);
    if (current && size >= (off_t)AUDIT_SIZE_MAX) {
        rotate();
        current = is_current(&size);
    }
    if (!current && !open_file()) {
        return ERR_AUDIT;
    }
    return append(line, len);
}

void audit_close(void)
{
    if (file >= 0) {
        close(file);
    }
    if (directory >= 0) {
        close(directory);
    }
    file = -1;
    directory = -1;
    no_directory = ENOENT;
    path[0] = '\0';
}
