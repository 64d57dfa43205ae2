/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs to keep keys in the arena: the agent with its keystore against the same build with
 * malloc(3) and an ordinary stack in the keystore (plain_memory.c).
 */
#include "bench.h"

#define TARGET (1 / 0.95) /* at least 0.95 of the throughput */

struct signer {
    struct client client;
    struct message request;
};

static uint64_t sign_once(void *state)
{
    struct signer *s = state;

    return client_timed(&s->client, message_view(&s->request), MSG_SIGN_ANSWER);
}

void bench_arena(struct report *report, const struct plan *plan, const char *arena,
                 const char *plain)
{
    static const struct {
        const char *comment;
        const char *what;
        unsigned rounds; /* times those of the plan: one in twenty is not much to be seen */
    } keys[] = {
        {"bench-ed25519-256", "sign, ed25519", 20},
        {"bench-rsa-3072", "sign, RSA-3072", 1},
    };
    struct signer a;
    struct signer b;

    client_open(&a.client, arena, NULL);
    client_open(&b.client, plain, NULL);
    report_title("keys in the arena", "arena p50 us", "malloc p50 us");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct side left = {.once = sign_once, .state = &a};
        struct side right = {.once = sign_once, .state = &b};
        struct plan longer = {plan->rounds * keys[i].rounds, plan->batch};

        message_sign(&a.request, &a.client, keys[i].comment);
        message_sign(&b.request, &b.client, keys[i].comment);
        report_compare(report, &longer, keys[i].what, &left, &right, TARGET);
    }
    client_close(&a.client);
    client_close(&b.client);
}
