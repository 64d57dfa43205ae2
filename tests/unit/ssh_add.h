/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the installed ssh-add makes of its -h: it runs with a socket of the test as its agent, which
 * takes everything, in the directory of keygen.h, with the files "known_hosts" and "ed25519" there.
 */
#ifndef SPLIT_SSH_TESTS_SSH_ADD_H
#define SPLIT_SSH_TESTS_SSH_ADD_H

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "keygen.h"
#include "limits.h"

#define SSH_ADD_TIMEOUT_MS 60000
#define SSH_ADD_HOPS_MAX   8U

static inline int ssh_add_listen(char ret_env[512])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    keygen_path("agent.sock", address.sun_path, sizeof address.sun_path);
    unlink(address.sun_path);
    assert_int_not_equal(fd, -1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    snprintf(ret_env, 512, "SSH_AUTH_SOCK=%s", address.sun_path);
    return fd;
}

/* *ret_end is a pipe's end that is at its end when the program is. */
static inline pid_t ssh_add_start(const char *const *hops, size_t count, char *agent, int *ret_end)
{
    const char *argv[5 + 2 * SSH_ADD_HOPS_MAX] = {"ssh-add", "-qH", "known_hosts"};
    char *environment[] = {agent, NULL};
    posix_spawn_file_actions_t actions;
    size_t args = 3;
    int ends[2];
    pid_t pid;

    assert_true(count <= SSH_ADD_HOPS_MAX);
    for (size_t i = 0; i < count; i++) {
        argv[args++] = "-h";
        argv[args++] = hops[i];
    }
    argv[args] = "ed25519";
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, keygen_dir);
    assert_int_equal(
        posix_spawnp(&pid, "ssh-add", &actions, NULL, (char *const *)argv, environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *ret_end = ends[0];
    return pid;
}

/* Bytes of a connection until there are size of them; false: it ended. */
static inline bool ssh_add_read(int fd, uint8_t *ret, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, ret, size);

        if (n <= 0) {
            return false;
        }
        ret += n;
        size -= (size_t)n;
    }
    return true;
}

/* Takes messages of a connection; what the last one had as its destinations is in *ret. */
static inline void ssh_add_serve(int fd, struct view *ret)
{
    static const char name[] = "restrict-destination-v00@openssh.com";
    static const uint8_t success[] = {0, 0, 0, 1, 6};
    static uint8_t frame[FRAME_MAX];
    uint8_t header[4];

    while (ssh_add_read(fd, header, sizeof header)) {
        size_t len = load_u32(header);
        const uint8_t *found;

        assert_true(len <= sizeof frame && ssh_add_read(fd, frame, len));
        found = memmem(frame, len, name, sizeof name - 1);
        if (found != NULL) {
            const uint8_t *body = found + sizeof name - 1;
            struct wire_reader r = wire_reader(body, (size_t)(frame + len - body));
            struct view list = wire_string(&r, FRAME_MAX);

            assert_int_equal(wire_end(&r), OK);
            view_free(ret);
            *ret = exact_copy(list.data, list.len);
        }
        assert_int_equal(write(fd, success, sizeof success), sizeof success);
    }
}

/* What it sent of its -h, for constraints_parse(); empty if it refused. The caller frees. */
static inline struct view ssh_add(const char *const *hops, size_t count)
{
    char agent[512];
    int listener = ssh_add_listen(agent);
    int end;
    pid_t pid = ssh_add_start(hops, count, agent, &end);
    struct pollfd polled[] = {{.fd = end}, {.fd = listener, .events = POLLIN}};
    struct view sent = {NULL, 0};
    int status;

    for (;;) {
        assert_true(poll(polled, COUNT(polled), SSH_ADD_TIMEOUT_MS) > 0);
        if ((polled[1].revents & POLLIN) != 0) {
            int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

            assert_int_not_equal(connection, -1);
            ssh_add_serve(connection, &sent);
            close(connection);
        } else if (polled[0].revents != 0) {
            break;
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WIFEXITED(status) && WEXITSTATUS(status) == 0, sent.len > 0);
    close(end);
    close(listener);
    return sent;
}

#endif
