/* SPDX-License-Identifier: BSD-2-Clause */
/* What one ssh does with its agent: it connects, lists, signs once and leaves. */
#include "bench.h"

struct user {
    const struct target *to;
    struct message list;
    struct message sign;
};

static uint64_t use_once(void *state)
{
    struct user *u = state;
    struct client c;
    uint64_t start = now_ns();

    client_open(&c, u->to);
    client_timed(&c, message_view(&u->list), MSG_LIST_ANSWER);
    client_timed(&c, message_view(&u->sign), MSG_SIGN_ANSWER);
    client_close(&c);
    return now_ns() - start;
}

void bench_use(const struct plan *plan, const struct target *to, size_t count)
{
    struct user users[SIDES_MAX];
    struct side sides[SIDES_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        struct client c;

        client_open(&c, &to[i]);
        users[i].to = &to[i];
        message_list(&users[i].list);
        message_named(&users[i].sign, &c, "bench-ed25519-256");
        client_close(&c);
        sides[i] = (struct side){.name = to[i].name, .once = use_once, .state = &users[i]};
    }
    contest(plan, sides, count);
}
