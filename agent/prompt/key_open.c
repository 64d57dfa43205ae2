/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key_scan.h"
#include "side_ipc.h"

#define ARMOR     "PRIVATE KEY-----"
#define PUTTY     "PuTTY-User-Key-File-"
#define HEAD_MAX  2048 /* bytes until the armor: PEM may have text in front */
#define LINE_SIZE 80U  /* bytes of a line that are looked at */

static void add_problem(struct key_opened *key, const char *path, const char *why)
{
    struct key_problem *problem;

    if (key->problems < KEY_PROBLEMS_MAX) {
        problem = &key->problem[key->problems++];
        memccpy(problem->path, path, '\0', PROMPT_PATH_MAX);
        problem->path[PROMPT_PATH_MAX] = '\0';
        snprintf(problem->why, sizeof problem->why, "%s", why);
    }
}

/* Opens what is a file now. -1: it is not, with why; NULL for why: there is nothing of the name. */
static int open_regular(const char *path, struct stat *ret_status, const char **ret_why)
{
    struct stat status;
    /* O_NONBLOCK: a FIFO has no writer to wait for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        bool missing = errno == ENOENT || errno == ENAMETOOLONG;

        *ret_why = missing ? NULL : strerrordesc_np(errno);
        if (errno == ENOENT && lstat(path, &status) == 0) {
            *ret_why = "is a link to nothing";
        }
        return -1;
    }
    if (fstat(fd, ret_status) != 0 || !S_ISREG(ret_status->st_mode)) {
        *ret_why = "is not a regular file";
        close(fd);
        return -1;
    }
    return fd;
}

/*
 * The next line, cut to LINE_SIZE. A byte at a time: what follows the armor is a private key, which
 * this process is not to have in its memory. False at the end.
 */
static bool next_line(int fd, off_t *at, char line[LINE_SIZE])
{
    size_t len = 0;
    char c = '\0';

    while (*at < HEAD_MAX && pread(fd, &c, 1, *at) == 1) {
        ++*at;
        if (c == '\n') {
            break;
        }
        if (len < LINE_SIZE - 1 && c != '\0') {
            line[len++] = c;
        }
    }
    line[len] = '\0';
    return len > 0 || c == '\n';
}

/* *ret_why: it is a key of a kind that nobody here reads. */
static bool is_private_key(int fd, const char **ret_why)
{
    char line[LINE_SIZE];
    off_t at = 0;

    *ret_why = NULL;
    while (next_line(fd, &at, line)) {
        if (strstr(line, ARMOR) != NULL) {
            return true;
        }
        if (strncmp(line, PUTTY, sizeof PUTTY - 1) == 0) {
            *ret_why = "is a key of PuTTY (puttygen FILE -O private-openssh -o NEW converts it)";
            return false;
        }
    }
    return false;
}

/* What ssh-add demands of a file of one's own (sshkey_perm_ok of OpenSSH), and our cap. */
static bool check_status(const char *path, const struct stat *status, struct key_opened *key)
{
    char why[KEY_OPTIONS_WHY_MAX];

    if (status->st_uid == getuid() && (status->st_mode & 077) != 0) {
        snprintf(why, sizeof why,
                 "permissions %04o are too open: others can read it (chmod 600 FILE)",
                 (unsigned)status->st_mode & 0777);
        add_problem(key, path, why);
        return false;
    }
    if (status->st_size > (off_t)KEY_FILE_MAX) {
        add_problem(key, path, "is larger than 64 KiB");
        return false;
    }
    return true;
}

/*
 * All of a file beside the key, cap bytes at most. False: there is none, or it cannot be read,
 * which is in why.
 */
static bool read_beside(const char *path, uint8_t *ret, size_t cap, size_t *ret_len,
                        const char **ret_why)
{
    struct stat status;
    size_t have = 0;
    ssize_t n = 1;
    int fd = open_regular(path, &status, ret_why);

    if (fd < 0) {
        return false;
    }
    while (n != 0 && have <= cap) {
        n = read(fd, ret + have, cap + 1 - have);
        if (n < 0 && errno != EINTR) {
            *ret_why = strerrordesc_np(errno);
            have = cap + 1;
            break;
        }
        *ret_why = "is too large";
        have += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    *ret_len = have;
    return have <= cap;
}

/* False: the key must not be used, as it would lack what the user wants of it. */
static bool read_options(const char *path, struct key_opened *key)
{
    char reason[KEY_OPTIONS_WHY_MAX];
    char why[KEY_OPTIONS_WHY_MAX];
    const char *unread = NULL;
    size_t len = 0;

    key->options = (struct key_options){.life = SIDE_NO_LIFE};
    if (!read_beside(path, key->option_text, ADD_OPTION_MAX, &len, &unread)) {
        snprintf(reason, sizeof reason, "%s", unread == NULL ? "" : unread);
    } else if (key_options_parse((struct view){key->option_text, len}, &key->options, reason) ==
               OK) {
        return true;
    }
    if (reason[0] != '\0') {
        snprintf(why, sizeof why, "%.200s; the key is not loaded", reason);
        add_problem(key, path, why);
    }
    return reason[0] == '\0';
}

static void read_public(const char *path, bool certificate, struct key_opened *key,
                        struct key_public *ret)
{
    const char *why = NULL;
    size_t len = 0;
    enum err err;

    if (read_beside(path, key->public_text, KEY_FILE_MAX, &len, &why)) {
        why = NULL;
        err = key_public_parse((struct view){key->public_text, len}, ret);
        if (err == ERR_TOO_BIG) {
            why = "is too large";
        } else if (err == ERR_MALFORMED || (err == OK && ret->certificate != certificate)) {
            why = certificate ? "is no certificate" : "is no public key";
            err = ERR_MALFORMED;
        }
        if (err == OK) {
            return;
        }
    }
    ret->len = 0;
    ret->comment.len = 0;
    if (why != NULL) {
        add_problem(key, path, why);
    }
}

static bool read_all_beside(const char *path, struct key_opened *key)
{
    char beside[PROMPT_PATH_MAX + sizeof KEY_SUFFIX_OPTIONS];
    const struct view *comment = &key->public_half.comment;

    snprintf(beside, sizeof beside, "%s" KEY_SUFFIX_OPTIONS, path);
    if (!read_options(beside, key)) {
        return false;
    }
    snprintf(beside, sizeof beside, "%s" KEY_SUFFIX_CERTIFICATE, path);
    read_public(beside, true, key, &key->certificate);
    snprintf(beside, sizeof beside, "%s" KEY_SUFFIX_PUBLIC, path);
    read_public(beside, false, key, &key->public_half);
    snprintf(key->comment, sizeof key->comment, "%s", path);
    if (comment->len > 0) {
        size_t len = comment->len < SIDE_COMMENT_MAX ? comment->len : SIDE_COMMENT_MAX;

        memcpy(key->comment, comment->data, len);
        key->comment[len] = '\0';
    }
    return true;
}

void key_open(const char *path, struct key_opened *ret)
{
    const char *why = NULL;
    struct stat status;
    int fd;

    ret->fd = -1;
    ret->problems = 0;
    if (strlen(path) > PROMPT_PATH_MAX) {
        add_problem(ret, path, "the path is too long");
        return;
    }
    fd = open_regular(path, &status, &why);
    if (fd < 0) {
        if (why != NULL) {
            add_problem(ret, path, why);
        }
        return;
    }
    if (!is_private_key(fd, &why)) {
        if (why != NULL) {
            add_problem(ret, path, why);
        }
    } else if (check_status(path, &status, ret) && read_all_beside(path, ret)) {
        ret->fd = fd;
        return;
    }
    close(fd);
}
