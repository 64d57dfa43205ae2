/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check_run.h"
#include "connection.h"
#include "control_ipc.h"
#include "log.h"

/* RFC 9987, section 5.1. */
#define AGENTC_EXTENSION         27U
#define AGENT_EXTENSION_RESPONSE 29U

static uint8_t answer[FRAME_MAX];

/* errno of connecting to a path; 0 if that works. */
static int try_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int result = 0;
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        return ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 && errno != EAGAIN) {
        result = errno; /* EAGAIN: somebody listens, and has much to do */
    }
    close(fd);
    return result;
}

void socket_look(const char *path, struct socket_look *ret)
{
    struct socket_look look = {.state = SOCKET_LISTENS};
    struct stat st;

    if (stat(path, &st) != 0) {
        look.error = errno;
        look.state = errno == ENOENT || errno == ENOTDIR ? SOCKET_ABSENT : SOCKET_HIDDEN;
        *ret = look;
        return;
    }
    look.mode = st.st_mode & 07777;
    look.uid = st.st_uid;
    look.gid = st.st_gid;
    if (!S_ISSOCK(st.st_mode)) {
        look.state = SOCKET_FILE;
    } else {
        look.error = try_connect(path);
        if (look.error != 0) {
            look.state = look.error == ECONNREFUSED ? SOCKET_DEAD : SOCKET_REFUSED;
        }
    }
    *ret = look;
}

/* An empty descriptor: in the vault. */
static enum err must_check ask_extension(const char *path, struct view descriptor, const char *name,
                                         struct view *ret, char *ret_why)
{
    uint8_t bytes[1 + 4 + CONTROL_NAME_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, AGENTC_EXTENSION);
    put_text(&w, name);
    return connection_call(path, descriptor, wire_written(&w), CONTROL_TIMEOUT_MS, answer, ret,
                           ret_why);
}

bool agent_answers_call(const char *path, char *ret_why)
{
    static const char descriptor[] = "qubes.SshAgent+ split-ssh-check"; /* with its NUL */
    struct view frame;

    return ask_extension(path, (struct view){(const uint8_t *)descriptor, sizeof descriptor},
                         "query", &frame, ret_why) == OK;
}

enum agent_kind agent_ask_kind(const char *path, char *ret_why)
{
    struct view frame = {NULL, 0};
    struct wire_reader r;
    bool bind = false;

    if (ask_extension(path, (struct view){NULL, 0}, "query", &frame, ret_why) != OK) {
        return AGENT_SILENT;
    }
    r = wire_reader(frame.data, frame.len);
    if (wire_u8(&r) != AGENT_EXTENSION_RESPONSE || !view_is(wire_string(&r, 64), "query")) {
        return AGENT_FOREIGN;
    }
    while (r.err == OK && r.left > 0) {
        struct view name = wire_string(&r, FRAME_MAX);

        if (view_is(name, CONTROL_STATUS)) {
            return AGENT_OURS;
        }
        bind = bind || view_is(name, "session-bind@openssh.com");
    }
    /* OpenSSH's agent has no "query" in its own list, if it has one at all. */
    return bind ? AGENT_DISTANT : AGENT_FOREIGN;
}

enum err agent_report(const char *path, char *ret, char *ret_why)
{
    struct view frame = {NULL, 0};
    enum err err = ask_extension(path, (struct view){NULL, 0}, CONTROL_CHECK, &frame, ret_why);
    struct wire_reader r;
    struct view text;
    bool ours;

    if (err != OK) {
        return err;
    }
    r = wire_reader(frame.data, frame.len);
    ours = wire_u8(&r) == AGENT_EXTENSION_RESPONSE &&
           view_is(wire_string(&r, CONTROL_NAME_MAX), CONTROL_CHECK) && wire_bool(&r);
    text = wire_string(&r, AGENT_REPORT_MAX - 1);
    if (!ours || wire_end(&r) != OK || memchr(text.data, '\0', text.len) != NULL) {
        return ERR_NOT_FOUND;
    }
    memcpy(ret, text.data, text.len);
    ret[text.len] = '\0';
    return OK;
}
