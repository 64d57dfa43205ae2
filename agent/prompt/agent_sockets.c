/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent_sockets.h"

#define SOCKET_MODE 0600

enum err agent_sockets_check(const char *directory, char ret_why[UNIX_WHY_MAX])
{
    const char *why = NULL;
    struct stat status;

    if (directory[0] != '/') {
        why = "is not a whole path";
    } else if (stat(directory, &status) != 0) {
        why = strerrordesc_np(errno);
    } else if (!S_ISDIR(status.st_mode)) {
        why = "is not a directory";
    } else if (status.st_uid != geteuid()) {
        why = "is another user's directory";
    } else if ((status.st_mode & 022) != 0) {
        why = "is a directory that others can write to (chmod go-w DIRECTORY)";
    }
    if (why == NULL) {
        return OK;
    }
    snprintf(ret_why, UNIX_WHY_MAX, "%s: no agent has a socket there", why);
    return ERR_DENIED;
}

enum err agent_socket_make(const char *directory, const char *name, int *ret_fd,
                           char ret_why[UNIX_WHY_MAX])
{
    char path[UNIX_PATH_MAX + AGENT_NAME_MAX + 8];
    struct unix_socket made;
    enum err err;

    /* What is cut is too long for a socket even so. */
    snprintf(path, sizeof path, "%s/%s.sock", directory, name);
    err = unix_listen(path, SOCKET_MODE, &made, ret_why);
    if (err == OK) {
        *ret_fd = made.fd;
    }
    return err;
}
