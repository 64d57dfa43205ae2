/* SPDX-License-Identifier: BSD-2-Clause */
/* From the start of an agent to the first list of its keys. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define TRIES     200000U
#define TRY_US    50U
#define WORDS_MAX 32U

/* Signals that would leave an agent behind if they ended this program while it runs. */
static sigset_t endings;

struct start {
    struct target at;
    char *argv[WORDS_MAX];
    unsigned keys;
};

/* NAME=SOCKET=COMMAND, the command's words separated by spaces. */
static void start_parse(struct start *ret, char *text, unsigned keys)
{
    char *command = strchr(text, '=');
    size_t count = 0;
    char *next;

    command = command == NULL ? NULL : strchr(command + 1, '=');
    if (command == NULL) {
        errno = 0;
        die("not NAME=SOCKET=COMMAND: %s", text);
    }
    *command++ = '\0';
    *ret = (struct start){.at = target_parse(text), .keys = keys};
    for (char *word = strtok_r(command, " ", &next); word != NULL && count + 1 < WORDS_MAX;
         word = strtok_r(NULL, " ", &next)) {
        ret->argv[count++] = word;
    }
    if (count == 0) {
        errno = 0;
        die("no command: %s", text);
    }
}

static void wait_for_socket(const struct start *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(s->at.path) >= sizeof address.sun_path) {
        die("%s is too long", s->at.path);
    }
    memcpy(address.sun_path, s->at.path, strlen(s->at.path));
    for (unsigned i = 0; i < TRIES; i++) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
            close(fd);
            return;
        }
        close(fd);
        usleep(TRY_US);
    }
    die("%s does not listen on %s", s->argv[0], s->at.path);
}

/*
 * An agent that was ended may have left its socket, or the one that the path is a link to; pageant
 * also the directory of that.
 */
static void unlink_socket(const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);

    if (n > 0) {
        target[n] = '\0';
        unlink(target);
        rmdir(dirname(target));
    }
    unlink(path);
}

static uint64_t start_once(void *state)
{
    struct start *s = state;
    struct message list;
    struct client c;
    struct view answer;
    uint64_t start = now_ns();
    uint64_t end;

    start_program(s->argv);
    message_list(&list);
    wait_for_socket(s);
    client_open(&c, &s->at);
    answer = client_ask(&c, message_view(&list));
    end = now_ns();
    if (answer.len < 5 || answer.data[0] != MSG_LIST_ANSWER ||
        load_u32(answer.data + 1) != s->keys) {
        errno = 0;
        die("%s does not list %u keys", s->argv[0], s->keys);
    }
    client_close(&c);
    end_children();
    unlink_socket(s->at.path);
    sigprocmask(SIG_UNBLOCK, &endings, NULL); /* one that came meanwhile */
    sigprocmask(SIG_BLOCK, &endings, NULL);
    return end - start;
}

void bench_start(const struct plan *plan, unsigned keys, char **commands, size_t count)
{
    struct start starts[SIDES_MAX];
    struct side sides[SIDES_MAX] = {0};

    sigemptyset(&endings);
    sigaddset(&endings, SIGHUP);
    sigaddset(&endings, SIGINT);
    sigaddset(&endings, SIGTERM);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || sigprocmask(SIG_BLOCK, &endings, NULL) != 0 ||
        atexit(end_children) != 0) {
        die("prctl");
    }
    for (size_t i = 0; i < count; i++) {
        start_parse(&starts[i], commands[i], keys);
        sides[i] =
            (struct side){.name = starts[i].at.name, .once = start_once, .state = &starts[i]};
    }
    contest(plan, sides, count);
}
