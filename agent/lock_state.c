/* SPDX-License-Identifier: BSD-2-Clause */
#include "lock_state.h"

#include "clock.h"
#include "grants.h"
#include "handlers.h"
#include "ipc.h"
#include "key_files.h"
#include "keystore_client.h"

/* Each wrong passphrase makes the next guess wait longer; the numbers are OpenSSH's. */
#define DELAY_STEP_MS  100U
#define DELAY_STEP_MAX 100U

static bool locked;
static bool guessing;       /* an unlock is in the keystore's hands */
static unsigned failures;   /* wrong passphrases since the last right one */
static uint64_t not_before; /* ms of CLOCK_BOOTTIME: no guess is looked at earlier */
static struct client_queue guesses = TAILQ_HEAD_INITIALIZER(guesses);

bool lock_state_is_locked(void)
{
    return locked;
}

static void lock_done(struct client *client, enum err err, struct view answer)
{
    (void)answer;
    if (err != OK) {
        handle_failure(client, "lock", err);
        return;
    }
    locked = true;
    grants_drop_all(); /* the keystore has forgotten its own */
    report_party(client->party, "locked");
    client_answer_status(client, AGENT_SUCCESS);
}

void handle_lock(struct client *client)
{
    struct wire_writer fields = keystore_fields(client, IPC_LOCK);
    struct view passphrase;
    enum err err = proto_string(client_body(client), PASSPHRASE_MAX, &passphrase);

    if (err == OK && passphrase.len == 0) {
        err = ERR_NO_PASSPHRASE; /* as ssh-agent */
    }
    if (err != OK) {
        handle_failure(client, "lock", err);
        return;
    }
    keystore_request(client, &fields, client_body(client), lock_done);
}

static void unlock_done(struct client *client, enum err err, struct view answer)
{
    (void)answer;
    guessing = false;
    if (err == OK) {
        locked = false;
        failures = 0;
        report_party(client->party, "unlocked");
        key_files_unlocked();
        client_answer_status(client, AGENT_SUCCESS);
        return;
    }
    if (err == ERR_PASSPHRASE) {
        failures += failures < DELAY_STEP_MAX ? 1 : 0;
        not_before = boottime_ms() + (uint64_t)failures * DELAY_STEP_MS;
    }
    handle_failure(client, "unlock", err);
}

/*
 * Guesses wait here, one behind the other, and nobody else waits for them: many connections guess
 * no faster than one.
 */
void handle_unlock(struct client *client)
{
    struct view passphrase;
    enum err err = proto_string(client_body(client), PASSPHRASE_MAX, &passphrase);

    if (err == OK && !locked) {
        err = ERR_NOT_LOCKED;
    }
    if (err != OK) {
        handle_failure(client, "unlock", err);
        return;
    }
    TAILQ_INSERT_TAIL(&guesses, client, waiting_link);
    client->is_guessing = true;
}

void lock_state_drop(struct client *client)
{
    TAILQ_REMOVE(&guesses, client, waiting_link);
    client->is_guessing = false;
}

int lock_state_step(uint64_t now)
{
    struct client *client = TAILQ_FIRST(&guesses);
    struct wire_writer fields;

    if (client == NULL || guessing) {
        return -1;
    }
    if (now < not_before) {
        return (int)(not_before - now);
    }
    lock_state_drop(client);
    guessing = true;
    fields = keystore_fields(client, IPC_UNLOCK);
    keystore_request(client, &fields, client_body(client), unlock_done);
    return -1;
}
