/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_files.h"

#include <stdlib.h>
#include <unistd.h>

#include "await.h"
#include "config.h"
#include "expiry.h"
#include "grants.h"
#include "hops.h"
#include "ipc.h"
#include "key_reload.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "notices.h"
#include "report.h"

#define OPTIONS_SUFFIX ".ssh-add-option"
#define KEYS_OF_A_FILE 2U /* the key, and its certificate */

/* A file on its way into the keystore. */
struct file {
    TAILQ_ENTRY(file) link;
    struct keystore_job job;
    uint64_t ticket;
    struct agent *agent;
    char *path;
    struct constraints *constraints[KEYS_OF_A_FILE]; /* of -h; each key has its own */
    uint64_t unwanted[KEYS_OF_A_FILE];               /* keys that cannot be listed */
    size_t unwanted_count;
    bool waits; /* for the agent to be unlocked */
};

static TAILQ_HEAD(, file) files = TAILQ_HEAD_INITIALIZER(files);

static struct listeners *listeners;
static const char *own_name;
static uint32_t default_life;
static bool first_round_sent = true; /* until it is asked for */

void key_files_init(const struct options *options, struct listeners *all)
{
    listeners = all;
    own_name = options->name;
    default_life = options->life;
}

void key_files_begin(void)
{
    if (!key_files_are_read() || !prompt_is_alive()) {
        return;
    }
    first_round_sent = false;
    prompt_keys(own_name[0] == '\0', own_name, own_name[0] == '\0' ? listeners->runtime : "");
}

bool key_files_loaded(void)
{
    const struct file *file;

    TAILQ_FOREACH(file, &files, link)
    {
        if (!file->waits) {
            return false;
        }
    }
    return first_round_sent;
}

bool key_files_are_read(void)
{
    return listeners->runtime[0] != '\0';
}

bool key_files_under_way(const struct agent *agent)
{
    const struct file *file;

    TAILQ_FOREACH(file, &files, link)
    {
        if (file->agent == agent) {
            return true;
        }
    }
    return false;
}

static void complain(const char *path, const char *problem)
{
    report("%s: %s", path, problem);
    notice("SSH key file %s: %s", path, problem);
}

static void free_file(struct file *file)
{
    for (size_t i = 0; i < KEYS_OF_A_FILE; i++) {
        constraints_free(&file->constraints[i]);
    }
    free(file->path);
    free(file);
}

static void end_file(struct file *file)
{
    prompt_taken(file->ticket);
    TAILQ_REMOVE(&files, file, link);
    free_file(file);
    key_reload_step();
}

/* Keys that are in the keystore, but could not be listed, must not stay there unseen. */
static void remove_unwanted(struct keystore_job *job, enum err err, struct view answer)
{
    struct file *file = (struct file *)((char *)job - offsetof(struct file, job));
    struct wire_writer fields;

    (void)err; /* gone already is as good */
    (void)answer;
    if (file->unwanted_count == 0) {
        end_file(file);
        return;
    }
    fields = keystore_job_fields(job, IPC_REMOVE);
    put_u64(&fields, file->unwanted[--file->unwanted_count]);
    job->done = remove_unwanted;
    keystore_run(job, &fields);
}

/*
 * As with ssh-add, the options of the file that came last hold. A copy of a key that was left
 * beside it must not take them away in silence.
 */
static void compare_options(const struct identity *old, const struct file *file,
                            const struct identity *fields, const struct constraints *hops)
{
    bool asked = old != NULL && old->confirm && !fields->confirm;
    bool bound = old != NULL && old->constraints != NULL && hops == NULL;
    char problem[PROMPT_PATH_MAX + 96];

    if (old != NULL && old->path != NULL && strcmp(old->path, file->path) != 0 &&
        (asked || bound)) {
        snprintf(problem, sizeof problem, "has the key of %s, too, whose options (%s) are gone now",
                 old->path,
                 asked && bound ? "-c, -h"
                 : asked        ? "-c"
                                : "-h");
        complain(file->path, problem);
    }
}

static enum err put_key(struct file *file, struct identity *fields, struct constraints **hops)
{
    const size_t len = 4 + fields->blob.len + 4 + fields->comment.len;
    struct identities *ids = &file->agent->identities;
    enum err err = ERR_TOO_MANY;

    if (identity_reserve(ids, len)) {
        identity_unreserve(ids, len);
        fields->path = file->path;
        fields->constraints = *hops;
        compare_options(identity_find(ids, fields->blob), file, fields, *hops);
        err = identity_put(ids, fields);
    }
    if (err == OK) {
        *hops = NULL;
        grants_drop_key(fields->id);
        await_added(file->agent, fields->blob);
    } else {
        identity_remove(ids, fields->id);
    }
    return err;
}

/* The fields of one key, as ADD answers them. What cannot be listed becomes unwanted. */
static enum err take_key(struct file *file, struct wire_reader *r, struct constraints **hops)
{
    struct identity fields = {.id = wire_u64(r)};
    uint8_t flags;
    enum err err = OK;

    fields.deadline = wire_u64(r);
    flags = wire_u8(r);
    fields.confirm = (flags & IPC_KEY_CONFIRM) != 0;
    fields.sealed = (flags & IPC_KEY_SEALED) != 0;
    fields.blob = wire_string(r, IPC_MAX);
    fields.comment = wire_string(r, IPC_MAX);
    wire_string(r, 0); /* destinations: ours */
    if (r->err != OK) {
        return r->err;
    }
    if ((flags & IPC_KEY_BAD_CERT) != 0) {
        complain(file->path, err_text(ERR_FILE_CERT));
    }
    err = put_key(file, &fields, hops);
    if (err != OK) {
        file->unwanted[file->unwanted_count++] = fields.id;
    }
    return err;
}

static void add_done(struct keystore_job *job, enum err answered, struct view answer)
{
    struct file *file = (struct file *)((char *)job - offsetof(struct file, job));
    struct wire_reader r = wire_reader(answer.data, answer.len);
    enum err err = answered;

    if (answered == ERR_LOCKED) {
        file->waits = true; /* the ticket is still good */
        return;
    }
    for (size_t i = 0; i < KEYS_OF_A_FILE && answered == OK && (i == 0 || r.left > 0); i++) {
        enum err listed = take_key(file, &r, &file->constraints[i]);

        err = err == OK ? listed : err;
    }
    if (err != OK) {
        complain(file->path, err_text(err));
    } else {
        debug("%s: loaded for the agent %s", file->path, agent_label(file->agent));
    }
    expiry_update();
    remove_unwanted(job, OK, answer);
}

static void add(struct file *file)
{
    struct wire_writer fields = keystore_job_fields(&file->job, IPC_ADD_FILE);

    file->waits = false;
    file->job.done = add_done;
    put_u32(&fields, file->agent->number);
    put_u64(&fields, file->ticket);
    put_u32(&fields, default_life);
    keystore_run(&file->job, &fields);
}

static void dropped(struct keystore_job *job, enum err err, struct view answer)
{
    (void)err; /* gone already is as good */
    (void)answer;
    free(job);
}

/*
 * The options of this file cannot be kept any more: keys that it gave before, with others, must not
 * stay either, or what was to limit them would have no effect.
 */
static void drop_loaded(struct agent *agent, const char *path, size_t path_len)
{
    struct identity *identity;
    size_t at = 0;

    while ((identity = identity_next(&agent->identities, &at)) != NULL) {
        struct keystore_job *job;
        struct wire_writer fields;

        if (identity->path == NULL || strlen(identity->path) != path_len ||
            memcmp(identity->path, path, path_len) != 0) {
            continue;
        }
        job = calloc(1, sizeof *job);
        if (job == NULL) {
            report("%s: %s", path, err_text(ERR_NO_MEMORY));
            return;
        }
        fields = keystore_job_fields(job, IPC_REMOVE);
        put_u64(&fields, identity->id);
        job->done = dropped;
        grants_drop_key(identity->id);
        identity_remove(&agent->identities, identity->id);
        expiry_update();
        keystore_run(job, &fields);
        at = 0;
    }
}

static enum err make_constraints(const struct prompt_key *key, struct file *file, char *why)
{
    enum err err = OK;

    for (size_t i = 0; i < KEYS_OF_A_FILE && err == OK; i++) {
        err = hops_constraints(key->hops, key->hops_count, config_known_hosts(),
                               &file->constraints[i], why);
    }
    return err;
}

void key_files_key(const struct prompt_key *key)
{
    struct file *file = calloc(1, sizeof *file);
    char why[HOPS_WHY_MAX];
    enum err err = ERR_NO_MEMORY;

    snprintf(why, sizeof why, "%s", err_text(err));
    if (file != NULL) {
        file->ticket = key->ticket;
        file->agent = agents_find(key->agent);
        file->path = strdup(key->path);
        if (file->agent != NULL && file->path != NULL) {
            err = make_constraints(key, file, why);
        }
    }
    if (err != OK) {
        complain(key->path, why);
        prompt_taken(key->ticket);
        if (file != NULL && file->agent != NULL) {
            drop_loaded(file->agent, key->path, strlen(key->path));
        }
        if (file != NULL) {
            free_file(file);
        }
        return;
    }
    TAILQ_INSERT_TAIL(&files, file, link);
    if (lock_state_is_locked()) {
        file->waits = true;
    } else {
        add(file);
    }
}

void key_files_unlocked(void)
{
    struct file *file;

    TAILQ_FOREACH(file, &files, link)
    {
        if (file->waits) {
            add(file);
        }
    }
}

void key_files_agent(const char *name, int fd)
{
    struct agent *agent = agents_make(name);
    enum err err = agent != NULL ? OK : ERR_TOO_MANY;

    if (fd >= 0 && err == OK) {
        err = listeners_add(listeners, agent, fd);
    } else if (fd >= 0) {
        close(fd);
    }
    if (err != OK) {
        complain(name, err == ERR_TOO_MANY ? "there are too many agents" : err_text(err));
    } else {
        debug("agent %s: %s", name, fd >= 0 ? "has a socket" : "for qubes alone");
    }
}

void key_files_problem(const char *agent, const char *path, const char *problem)
{
    const size_t suffix = sizeof OPTIONS_SUFFIX - 1;
    const size_t len = strlen(path);
    struct agent *owner = agents_find(agent);

    complain(path, problem);
    if (owner != NULL && len > suffix && strcmp(path + len - suffix, OPTIONS_SUFFIX) == 0) {
        drop_loaded(owner, path, len - suffix);
    }
}

void key_files_end(bool all, const char *agent)
{
    if (!first_round_sent && (all || strcmp(agent, own_name) == 0)) {
        first_round_sent = true;
    } else {
        key_reload_round_ended(agents_find(agent));
    }
}

/* What the keystore has of it stays good: files that wait for the agent to be unlocked, wait on. */
void key_files_prompt_ended(void)
{
    first_round_sent = true;
    key_reload_prompt_ended();
}
