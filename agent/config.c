/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "notices.h"
#include "party.h"
#include "policy_file.h"
#include "prompt_client.h"
#include "report.h"

/* What has come of one reading; whole with config_files(). */
static struct {
    struct policy_text texts[CONFIG_FILES_MAX];
    size_t count;
    struct known_hosts *hosts;
    bool named;   /* the known_hosts file that the policy names has come */
    enum err err; /* OK, or what a file could not be kept for */
} reading;

static struct policy *policy;
static struct known_hosts *hosts;
static char fault[POLICY_ERROR_MAX]; /* of the last reading; empty if it went well */

const struct policy *config_policy(void)
{
    return policy;
}

const struct known_hosts *config_known_hosts(void)
{
    return hosts;
}

const char *config_fault(void)
{
    return fault;
}

static void forget_reading(void)
{
    for (size_t i = 0; i < reading.count; i++) {
        free((void *)reading.texts[i].path);
        free((void *)reading.texts[i].content.data);
    }
    known_hosts_free(&reading.hosts);
    reading.count = 0;
    reading.named = false;
    reading.err = OK;
}

static enum err keep_policy_text(const char *path, struct view content)
{
    struct policy_text *text = &reading.texts[reading.count];
    uint8_t *copy;

    if (reading.count == CONFIG_FILES_MAX || content.len > CONFIG_FILE_MAX) {
        return ERR_TOO_BIG;
    }
    copy = malloc(content.len + 1);
    text->path = strdup(path);
    if (copy == NULL || text->path == NULL) {
        free(copy);
        free((void *)text->path);
        return ERR_NO_MEMORY;
    }
    if (content.len > 0) {
        memcpy(copy, content.data, content.len);
    }
    text->content = (struct view){copy, content.len};
    reading.count++;
    return OK;
}

static enum err keep_hosts(const char *path, struct view content)
{
    size_t skipped = 0;
    enum err err;

    if (reading.hosts == NULL) {
        reading.hosts = known_hosts_new();
    }
    err = reading.hosts != NULL ? known_hosts_add(reading.hosts, content, &skipped) : ERR_NO_MEMORY;
    if (skipped > 0) {
        report("%s: %zu lines cannot be read and are left out", path, skipped);
    }
    return err;
}

/* A name without a slash stands for a file beside the user's policy. */
static bool is_named(const char *path)
{
    const char *named = policy != NULL ? policy_known_hosts(policy) : "";
    const char *name = named[0] == '/' ? path : strrchr(path, '/');

    return name != NULL && strcmp(named[0] == '/' ? name : name + 1, named) == 0;
}

void config_file(enum prompt_file kind, const char *path, struct view content)
{
    enum err err =
        kind == PROMPT_FILE_POLICY ? keep_policy_text(path, content) : keep_hosts(path, content);

    reading.named = reading.named || (kind == PROMPT_FILE_KNOWN_HOSTS && is_named(path));
    if (err != OK) {
        report("%s: %s", path, err_text(err));
        reading.err = err;
    }
}

static void complain(const char *problem)
{
    snprintf(fault, sizeof fault, "%s", problem);
    report("error: %s%s", problem, policy != NULL ? "; the policy stays as it was" : "");
    if (policy != NULL) {
        notice("SSH keys: the policy stays as it was: %s", problem);
    }
}

static void take_policy(const char *problem)
{
    char error[POLICY_ERROR_MAX] = "";
    struct policy *fresh = NULL;
    struct policy *old = policy;

    fault[0] = '\0';
    if (problem[0] != '\0') {
        complain(problem);
        return;
    }
    if (reading.err != OK || policy_parse(reading.texts, reading.count, &fresh, error) != OK) {
        complain(error[0] != '\0' ? error : err_text(reading.err));
        return;
    }
    policy = fresh;
    party_apply_policy(policy); /* while the old one is still there: rules point into it */
    if (old == NULL) {
        debug("policy: %zu files", reading.count);
    } else {
        report("the policy was read again: %zu files", reading.count);
    }
    policy_free(&old);
}

/* Half of what is known would be more than nothing at the start, and less than before later. */
static void take_hosts(const char *problem)
{
    bool keep = hosts != NULL && (problem[0] != '\0' || reading.err != OK);

    if (problem[0] != '\0') {
        report("error: %s%s", problem, keep ? "; the known hosts stay as they were" : "");
    }
    if (keep) {
        return;
    }
    if (reading.hosts == NULL) {
        reading.hosts = known_hosts_new();
    }
    if (reading.hosts != NULL) {
        known_hosts_free(&hosts);
        hosts = reading.hosts;
        reading.hosts = NULL;
    }
}

void config_files(const char *policy_problem, const char *hosts_problem)
{
    bool starting = policy == NULL; /* then config_load() sees to it */
    char named[POLICY_ERROR_MAX];

    snprintf(named, sizeof named, "%s", starting ? "" : policy_known_hosts(policy));
    if (named[0] != '\0' && !reading.named && hosts_problem[0] == '\0') {
        report("error: there is no file %s, which the policy names as known_hosts", named);
    }
    take_policy(policy_problem);
    take_hosts(hosts_problem);
    forget_reading();
    /* The policy names another file than the one that was read with it. */
    if (!starting && fault[0] == '\0' && strcmp(named, policy_known_hosts(policy)) != 0) {
        prompt_read(policy_known_hosts(policy));
    }
}

enum err config_load(void)
{
    enum err err = prompt_read_now("");

    if (err == OK && fault[0] == '\0' && policy_known_hosts(policy)[0] != '\0') {
        err = prompt_read_now(policy_known_hosts(policy));
    }
    if (err == OK && (fault[0] != '\0' || hosts == NULL)) {
        err = ERR_MALFORMED;
    }
    return err;
}

void config_reload(void)
{
    prompt_read(policy_known_hosts(policy));
    if (!prompt_is_alive()) {
        report("error: the prompt has ended, and nobody else reads the policy; restart the agent");
    }
}

void config_free(void)
{
    forget_reading();
    policy_free(&policy);
    known_hosts_free(&hosts);
}
