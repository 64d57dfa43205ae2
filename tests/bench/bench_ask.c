/* SPDX-License-Identifier: BSD-2-Clause */
/* One request on an open connection, beside connections that are open and silent; keys for it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

struct asker {
    const struct target *to;
    struct client client;
    struct message request;
    unsigned idle;
    int *fds; /* of the idle ones */
};

void bench_load(const struct target *to, unsigned first, unsigned count)
{
    struct client c;

    client_open(&c, to);
    for (unsigned i = 0; i < count; i++) {
        struct message add;
        char comment[32];

        snprintf(comment, sizeof comment, "bench-many-%u", first + i);
        message_add_ed25519(&add, comment);
        client_timed(&c, message_view(&add), MSG_SUCCESS);
    }
    client_close(&c);
}

static uint64_t ask_once(void *state)
{
    struct asker *a = state;

    return client_timed(&a->client, message_view(&a->request), a->request.answer);
}

static void open_idle(void *state)
{
    struct asker *a = state;

    for (unsigned i = 0; i < a->idle; i++) {
        a->fds[i] = client_connect(a->to);
    }
}

static void close_idle(void *state)
{
    struct asker *a = state;

    for (unsigned i = 0; i < a->idle; i++) {
        close(a->fds[i]);
    }
    /* The agent has seen them go when it answers on a connection that is younger than they are. */
    client_close(&a->client);
    client_open(&a->client, a->to);
    ask_once(a);
}

static void asker_open(struct asker *a, const struct target *to, const char *what, unsigned idle)
{
    *a = (struct asker){.to = to, .idle = idle};
    a->fds = reallocarray(NULL, idle + 1U, sizeof *a->fds);
    if (a->fds == NULL) {
        die("no memory for %u connections", idle);
    }
    client_open(&a->client, to);
    message_named(&a->request, &a->client, what);
}

static void asker_close(struct asker *a)
{
    client_close(&a->client);
    free(a->fds);
}

void bench_ask(const struct plan *plan, const char *what, const struct target *to, size_t count)
{
    struct asker askers[SIDES_MAX];
    struct side sides[SIDES_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        asker_open(&askers[i], &to[i], what, 0);
        sides[i] = (struct side){.name = to[i].name, .once = ask_once, .state = &askers[i]};
    }
    contest(plan, sides, count);
    for (size_t i = 0; i < count; i++) {
        asker_close(&askers[i]);
    }
}

void bench_idle(const struct plan *plan, const char *what, unsigned idle, const struct target *to)
{
    struct asker asker;
    char alone[64];
    const struct side sides[] = {
        {.name = to->name,
         .once = ask_once,
         .before = open_idle,
         .after = close_idle,
         .state = &asker},
        {.name = alone, .once = ask_once, .state = &asker},
    };

    snprintf(alone, sizeof alone, "%s, alone", to->name);
    asker_open(&asker, to, what, idle);
    contest(plan, sides, 2);
    asker_close(&asker);
}
