/* SPDX-License-Identifier: BSD-2-Clause */
#include "await.h"

#include "clock.h"
#include "fingerprint.h"
#include "handlers.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "question.h"

static struct client_queue queue = TAILQ_HEAD_INITIALIZER(queue);

static struct view wanted_key(const struct client *client)
{
    struct sign_request sign;

    return proto_sign_request(client_body(client), &sign) == OK ? sign.key_blob : (struct view){0};
}

static unsigned count_of(const struct party *party)
{
    const struct client *client;
    unsigned count = 0;

    TAILQ_FOREACH(client, &queue, waiting_link)
    {
        count += client->party == party ? 1 : 0;
    }
    return count;
}

static bool may_wait(const struct client *client)
{
    return client->qrexec && client->party->rules.wait_for_key > 0 && !client->has_awaited &&
           !client->gone && !question_is_cooling(client->party, boottime_ms()) &&
           count_of(client->party) < QUESTIONS_PER_QUBE_MAX;
}

/* Whether its policy lets the qube see the key, which it does not for bytes that are none. */
static bool is_permitted(const struct client *client, struct view key_blob,
                         const struct expected_key *expected)
{
    uint8_t plain[PLAIN_BLOB_MAX];
    char fingerprint[FINGERPRINT_MAX];
    const struct policy_key key = {.fingerprint = fingerprint};
    struct public_key parsed;

    if (expected != NULL) {
        return await_may_see(client, expected);
    }
    if (public_key_parse(key_blob, &parsed) != OK) {
        return false;
    }
    fingerprint_sha256(fingerprint_subject(&parsed, key_blob, plain), fingerprint);
    return policy_permits_key(&client->party->rules, &key);
}

bool await_may_see(const struct client *client, const struct expected_key *expected)
{
    const struct policy_key key = {.fingerprint = expected->sha256, .comment = expected->comment};

    return client->qrexec && client->party->rules.wait_for_key > 0 &&
           policy_permits_key(&client->party->rules, &key);
}

static void tell(const struct client *client, const struct expected_key *expected)
{
    char clean[128];

    if (expected != NULL && expected->comment.len > 0) {
        notice("%s waits for key %s: unlock KeePassXC", client->party->name,
               log_clean(clean, sizeof clean, expected->comment.data, expected->comment.len));
    } else {
        notice("%s waits for a key: unlock KeePassXC", client->party->name);
    }
}

bool await_key(struct client *client, struct view key_blob)
{
    const struct expected_key *expected = expected_find(&client->agent->expected, key_blob);

    if (!may_wait(client) || !is_permitted(client, key_blob, expected)) {
        return false;
    }
    report_party(client->party, "waits for a key that is not here, %u s at most",
                 client->party->rules.wait_for_key);
    tell(client, expected);
    client->is_awaiting = true;
    client->await_until = boottime_ms() + (uint64_t)client->party->rules.wait_for_key * 1000;
    TAILQ_INSERT_TAIL(&queue, client, waiting_link);
    return true;
}

static void stop_waiting(struct client *client)
{
    TAILQ_REMOVE(&queue, client, waiting_link);
    client->is_awaiting = false;
}

/* The bubble was for nothing: as with questions, a qube may not go on with it. */
void await_abandoned(struct client *client)
{
    if (client->is_awaiting) {
        stop_waiting(client);
        question_came_to(client->party, PROMPT_FAILED);
    }
}

void await_added(struct agent *agent, struct view key_blob)
{
    struct client *client = TAILQ_FIRST(&queue);

    expected_forget(&agent->expected, key_blob);
    while (client != NULL) {
        struct client *next = TAILQ_NEXT(client, waiting_link);

        if (client->agent == agent &&
            identity_find(&agent->identities, wanted_key(client)) != NULL) {
            stop_waiting(client);
            handle_sign(client);
            next = TAILQ_FIRST(&queue); /* what it does can end others */
        }
        client = next;
    }
}

int await_step(uint64_t now)
{
    struct client *client = TAILQ_FIRST(&queue);
    int next_ms = -1;

    while (client != NULL) {
        struct client *next = TAILQ_NEXT(client, waiting_link);

        if (now >= client->await_until) {
            stop_waiting(client);
            client->has_awaited = true;
            question_came_to(client->party, PROMPT_FAILED);
            handle_sign(client);
            next = TAILQ_FIRST(&queue);
            next_ms = -1;
        } else {
            next_ms = loop_earlier(next_ms, (int)(client->await_until - now));
        }
        client = next;
    }
    return next_ms;
}
