/* SPDX-License-Identifier: BSD-2-Clause */
#include "agents.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_NAME "default"

static struct agent *agents[AGENTS_MAX + 1];
static size_t count;

static struct agent *add(const char *name)
{
    struct agent *agent = count <= AGENTS_MAX ? calloc(1, sizeof *agent) : NULL;

    if (agent == NULL) {
        return NULL;
    }
    agent->number = (uint32_t)count;
    snprintf(agent->name, sizeof agent->name, "%s", name);
    agents[count++] = agent;
    return agent;
}

enum err agents_init(const char *name)
{
    return add(name) != NULL ? OK : ERR_NO_MEMORY;
}

struct agent *agents_first(void)
{
    return agents[0];
}

struct agent *agents_next(const struct agent *agent)
{
    size_t next = agent == NULL ? 0 : agent->number + 1;

    return next < count ? agents[next] : NULL;
}

struct agent *agents_find(const char *argument)
{
    if (argument[0] == '\0' ||
        (strcmp(argument, DEFAULT_NAME) == 0 && agents[0]->name[0] == '\0')) {
        return agents[0];
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(agents[i]->name, argument) == 0) {
            return agents[i];
        }
    }
    return NULL;
}

struct agent *agents_make(const char *name)
{
    struct agent *agent = agents_find(name);

    return agent != NULL ? agent : add(name);
}

const char *agent_label(const struct agent *agent)
{
    return agent->name[0] != '\0' ? agent->name : DEFAULT_NAME;
}

struct identity *agents_find_key(uint64_t id, struct agent **ret_agent)
{
    for (size_t i = 0; i < count; i++) {
        struct identity *identity = identity_find_id(&agents[i]->identities, id);

        if (identity != NULL) {
            *ret_agent = agents[i];
            return identity;
        }
    }
    return NULL;
}

unsigned agents_expire(uint64_t now)
{
    unsigned expired = 0;

    for (size_t i = 0; i < count; i++) {
        expired += identity_expire(&agents[i]->identities, now);
    }
    return expired;
}

uint64_t agents_next_deadline(void)
{
    uint64_t next = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t deadline = identity_next_deadline(&agents[i]->identities);

        if (deadline != 0 && (next == 0 || deadline < next)) {
            next = deadline;
        }
    }
    return next;
}

void agents_free(void)
{
    for (size_t i = 0; i < count; i++) {
        identity_remove_all(&agents[i]->identities);
        expected_forget_all(&agents[i]->expected);
        free(agents[i]);
    }
    count = 0;
}
