/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature on an open connection, with each kind of key. */
#include "bench.h"

struct signer {
    struct client client;
    struct message request;
};

static uint64_t sign_once(void *state)
{
    struct signer *s = state;

    return client_timed(&s->client, message_view(&s->request), MSG_SIGN_ANSWER);
}

void bench_sign(struct report *report, const struct plan *plan, const char *ours,
                const char *theirs, bool with_targets)
{
    static const struct {
        const char *comment;
        const char *what;
        double target;
    } keys[] = {
        {"bench-ed25519-256", "sign, ed25519", 0.15},
        {"bench-ecdsa-256", "sign, ECDSA P-256", 0.25},
        {"bench-rsa-2048", "sign, RSA-2048", 0.6},
        {"bench-rsa-3072", "sign, RSA-3072", 0.85},
        {"bench-rsa-4096", "sign, RSA-4096", 0.97},
    };
    struct signer a;
    struct signer b;

    client_open(&a.client, ours, NULL);
    client_open(&b.client, theirs, NULL);
    report_title(with_targets ? "on an open connection, one processor" : "on an open connection",
                 "ours p50 us", "theirs p50 us");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct side left = {.once = sign_once, .state = &a};
        struct side right = {.once = sign_once, .state = &b};

        message_sign(&a.request, &a.client, keys[i].comment);
        message_sign(&b.request, &b.client, keys[i].comment);
        report_compare(report, plan, keys[i].what, &left, &right,
                       with_targets ? keys[i].target : NO_TARGET);
    }
    client_close(&a.client);
    client_close(&b.client);
}
