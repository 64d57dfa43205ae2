/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_reload.h"

#include "expiry.h"
#include "grants.h"
#include "ipc.h"
#include "key_files.h"
#include "keystore_client.h"

static struct {
    struct client *client; /* NULL: none, or it has gone */
    struct agent *agent;   /* NULL: none */
    void (*done)(struct client *client, int loaded);
    unsigned rounds; /* that the prompt has not ended yet */
    bool sweeping;   /* all is read: what is stale is being removed */
    struct keystore_job job;
} reload;

static void finish(bool whole)
{
    struct client *client = reload.client;
    int loaded = 0;
    struct identity *identity;
    size_t at = 0;

    while ((identity = identity_next(&reload.agent->identities, &at)) != NULL) {
        loaded += identity->path != NULL ? 1 : 0;
        identity->stale = false;
    }
    loaded = whole ? loaded : -1;
    reload.agent = NULL;
    reload.client = NULL;
    reload.sweeping = false;
    if (client != NULL) {
        reload.done(client, loaded);
    }
}

static void remove_stale(struct keystore_job *job, enum err err, struct view answer)
{
    struct identities *ids = &reload.agent->identities;
    struct wire_writer fields;
    struct identity *identity;
    size_t at = 0;

    (void)err; /* gone already is as good */
    (void)answer;
    while ((identity = identity_next(ids, &at)) != NULL) {
        if (identity->stale) {
            fields = keystore_job_fields(job, IPC_REMOVE);
            put_u64(&fields, identity->id);
            grants_drop_key(identity->id);
            identity_remove(ids, identity->id);
            expiry_update();
            job->done = remove_stale;
            keystore_run(job, &fields);
            return;
        }
    }
    finish(true);
}

/* Every file that the prompt has sent for it has been read. One that comes later is no matter. */
void key_reload_step(void)
{
    if (reload.agent == NULL || reload.rounds > 0 || reload.sweeping ||
        key_files_under_way(reload.agent)) {
        return;
    }
    reload.sweeping = true;
    remove_stale(&reload.job, OK, (struct view){0});
}

void key_reload_round_ended(const struct agent *agent)
{
    if (reload.agent != NULL && agent == reload.agent && reload.rounds > 0) {
        reload.rounds--;
        key_reload_step();
    }
}

const char *key_reload(struct client *client, struct agent *agent,
                       void (*done)(struct client *client, int loaded))
{
    struct identity *identity;
    size_t at = 0;

    if (!key_files_are_read()) {
        return "this agent reads no files (it needs -a)";
    }
    if (!prompt_is_alive()) {
        return KEY_RELOAD_NO_PROMPT;
    }
    if (reload.agent != NULL) {
        return "another reload is under way";
    }
    reload.client = client;
    reload.agent = agent;
    reload.done = done;
    reload.rounds = 1;
    while ((identity = identity_next(&agent->identities, &at)) != NULL) {
        identity->stale = identity->path != NULL;
    }
    prompt_reload(agent->name);
    if (agent->name[0] == '\0') { /* a directory of that name belongs to it, too */
        reload.rounds++;
        prompt_reload(agent_label(agent));
    }
    return NULL;
}

void key_reload_drop(const struct client *client)
{
    if (reload.client == client) {
        reload.client = NULL;
    }
}

void key_reload_prompt_ended(void)
{
    if (reload.agent != NULL && reload.rounds > 0) {
        finish(false);
    }
}
