/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of many keys, and lists beside many connections that are open and silent. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

struct lister {
    struct client client;
    struct message request;
    const char *path;
    int *idle; /* count descriptors */
    unsigned count;
};

void bench_load(const char *path, unsigned count)
{
    struct client c;

    client_open(&c, path, NULL);
    for (unsigned i = 0; i < count; i++) {
        struct message add;
        char comment[32];

        snprintf(comment, sizeof comment, "bench-many-%u", i);
        message_add_ed25519(&add, comment);
        client_timed(&c, message_view(&add), MSG_SUCCESS);
    }
    client_close(&c);
}

static uint64_t list_once(void *state)
{
    struct lister *l = state;

    return client_timed(&l->client, message_view(&l->request), MSG_LIST_ANSWER);
}

static uint32_t count_keys(struct lister *l)
{
    struct view answer = client_ask(&l->client, message_view(&l->request));
    struct wire_reader r = wire_reader(answer.data, answer.len);

    wire_u8(&r);
    return wire_u32(&r);
}

void bench_list(struct report *report, const struct plan *plan, const char *ours,
                const char *theirs)
{
    struct lister a = {0};
    struct lister b = {0};
    struct side left = {.once = list_once, .state = &a};
    struct side right = {.once = list_once, .state = &b};
    char what[64];

    client_open(&a.client, ours, NULL);
    client_open(&b.client, theirs, NULL);
    message_list(&a.request);
    message_list(&b.request);
    if (count_keys(&a) != count_keys(&b)) {
        errno = 0;
        die("the two agents do not list the same number of keys");
    }
    snprintf(what, sizeof what, "list, %u keys", count_keys(&a));
    report_title("on an open connection", "ours p50 us", "theirs p50 us");
    report_compare(report, plan, what, &left, &right, 0.1);
    client_close(&a.client);
    client_close(&b.client);
}

static void open_idle(void *state)
{
    struct lister *l = state;

    for (unsigned i = 0; i < l->count; i++) {
        l->idle[i] = client_connect(l->path, NULL);
    }
}

static void close_idle(void *state)
{
    struct lister *l = state;

    for (unsigned i = 0; i < l->count; i++) {
        close(l->idle[i]);
    }
    /* The agent has seen them go when it answers on a connection that is younger than they are. */
    client_close(&l->client);
    client_open(&l->client, l->path, NULL);
    list_once(l);
}

void bench_idle(struct report *report, const struct plan *plan, const char *ours,
                unsigned connections)
{
    struct lister l = {.path = ours, .count = connections};
    struct side beside = {.once = list_once, .before = open_idle, .after = close_idle, .state = &l};
    struct side alone = {.once = list_once, .state = &l};
    char what[64];

    l.idle = reallocarray(NULL, connections, sizeof *l.idle);
    if (l.idle == NULL) {
        die("no memory for %u connections", connections);
    }
    client_open(&l.client, ours, NULL);
    message_list(&l.request);
    snprintf(what, sizeof what, "list beside %u idle connections", connections);
    report_title("idle connections", "beside p50 us", "alone p50 us");
    report_compare(report, plan, what, &beside, &alone, 1.3);
    client_close(&l.client);
    free(l.idle);
}
