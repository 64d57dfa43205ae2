/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one ssh does with its agent, through the relay and through two simpler servers that start
 * the same qrexec client for each connection: it connects, lists, signs once and leaves.
 */
#include "bench.h"

struct user {
    const char *path;
    struct message list;
    struct message sign;
};

static uint64_t use_once(void *state)
{
    struct user *u = state;
    struct client c;
    uint64_t start = now_ns();

    client_open(&c, u->path, NULL);
    client_timed(&c, message_view(&u->list), MSG_LIST_ANSWER);
    client_timed(&c, message_view(&u->sign), MSG_SIGN_ANSWER);
    client_close(&c);
    return now_ns() - start;
}

static void prepare(struct user *u, const char *path)
{
    struct client c;

    u->path = path;
    client_open(&c, path, NULL);
    message_list(&u->list);
    message_sign(&u->sign, &c, "bench-ed25519-256");
    client_close(&c);
}

void bench_use(struct report *report, const struct plan *plan, const char *relay, const char *bare,
               const char *socat)
{
    struct user ours;
    struct user theirs;
    struct side left = {.once = use_once, .state = &ours};
    struct side right = {.once = use_once, .state = &theirs};

    report_title("one ssh use: connect, list, sign, close", "relay p50 us", "other p50 us");
    prepare(&ours, relay);
    prepare(&theirs, bare);
    report_compare(report, plan, "relay / bare posix_spawn", &left, &right, 1.1);
    prepare(&theirs, socat);
    report_compare(report, plan, "relay / socat UNIX-LISTEN,fork EXEC", &left, &right, 0.7);
}
