/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the start of an agent to the first list of its keys: ours with key files, and the installed
 * ssh-agent, which reads none.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define LIMIT_US 100000.0 /* a vault is ready before its user can ask */
#define TRIES    200000U
#define TRY_US   50U

struct start {
    const char *program;
    const char *socket;
    unsigned keys;
};

static pid_t run_agent(const struct start *s)
{
    posix_spawn_file_actions_t actions;
    char foreground[] = "-D";
    char at[] = "-a";
    char *argv[] = {(char *)s->program, foreground, at, (char *)s->socket, NULL};
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO) != 0 ||
        posix_spawnp(&pid, s->program, &actions, NULL, argv, environ) != 0) {
        die("cannot start %s", s->program);
    }
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void wait_for_socket(const struct start *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(s->socket) >= sizeof address.sun_path) {
        die("%s is too long", s->socket);
    }
    memcpy(address.sun_path, s->socket, strlen(s->socket));
    for (unsigned i = 0; i < TRIES; i++) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
            close(fd);
            return;
        }
        close(fd);
        usleep(TRY_US);
    }
    die("%s does not listen on %s", s->program, s->socket);
}

static uint64_t start_once(void *state)
{
    const struct start *s = state;
    uint64_t start = now_ns();
    struct message list;
    struct client c;
    struct view answer;
    pid_t pid = run_agent(s);
    uint64_t end;

    message_list(&list);
    wait_for_socket(s);
    client_open(&c, s->socket, NULL);
    answer = client_ask(&c, message_view(&list));
    end = now_ns();
    if (answer.len < 5 || answer.data[0] != MSG_LIST_ANSWER ||
        load_u32(answer.data + 1) != s->keys) {
        die("%s does not list %u keys", s->program, s->keys);
    }
    client_close(&c);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return end - start;
}

void bench_start(struct report *report, const struct plan *plan, const char *ours,
                 const char *socket, unsigned keys)
{
    struct start left = {ours, socket, keys};
    struct start right = {"ssh-agent", socket, 0};
    const struct side a = {.once = start_once, .state = &left};
    const struct side b = {.once = start_once, .state = &right};
    struct samples ours_ns = {0};
    struct samples theirs_ns = {0};
    char what[64];

    report_title("start to first answer, ours / 100 ms", "ours p50 us", "theirs p50 us");
    interleave(plan, &a, &b, &ours_ns, &theirs_ns);
    snprintf(what, sizeof what, "%u key files; theirs reads none", keys);
    report_row(report, what, samples_p50(&ours_ns), samples_p50(&theirs_ns),
               samples_p50(&ours_ns) / LIMIT_US, 1.0);
    samples_free(&ours_ns);
    samples_free(&theirs_ns);
}
