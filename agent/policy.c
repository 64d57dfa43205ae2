/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "policy_entries.h"

#define RANK_INITIAL 0U
#define RANK_DEFAULT 1U          /* [DEFAULT] */
#define RANK_PATTERN 2U          /* plus its literal characters */
#define RANK_EXACT   0xffffffffU /* the qube's own name */

#define NO_QUBE "" /* for words that are the same for all */

static struct view view_of(const char *text)
{
    return (struct view){.data = (const uint8_t *)text, .len = strlen(text)};
}

struct policy *policy_new(void)
{
    struct policy *policy = calloc(1, sizeof *policy);
    char why[WHY_MAX];

    if (policy == NULL) {
        return NULL;
    }
    STAILQ_INIT(&policy->sections);
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        if (value_parse(&words[i], words[i].initial, &policy->initial[i], why) != OK) {
            policy_free(&policy);
            return NULL;
        }
    }
    return policy;
}

static void section_free(struct section *section)
{
    struct entry *entry;

    while ((entry = STAILQ_FIRST(&section->entries)) != NULL) {
        STAILQ_REMOVE_HEAD(&section->entries, link);
        value_clear(&entry->value);
        free(entry);
    }
    free(section->file);
    free(section->name);
    free(section);
}

void policy_free(struct policy **freed)
{
    struct policy *policy = *freed;
    struct section *section;

    *freed = NULL;
    if (policy == NULL) {
        return;
    }
    while ((section = STAILQ_FIRST(&policy->sections)) != NULL) {
        STAILQ_REMOVE_HEAD(&policy->sections, link);
        section_free(section);
    }
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        value_clear(&policy->initial[i]);
    }
    free(policy);
}

/* How exactly a section is about the qube; RANK_INITIAL: not at all. */
static unsigned rank_of(const struct section *section, const char *qube)
{
    unsigned literal = 0;

    if (section->pattern == NULL) {
        return RANK_DEFAULT;
    }
    if (strcmp(section->pattern, qube) == 0) {
        return RANK_EXACT;
    }
    if (!pattern_match(section->pattern, view_of(qube))) {
        return RANK_INITIAL;
    }
    for (const char *at = section->pattern; *at != '\0'; at++) {
        literal += *at != '*' && *at != '?';
    }
    return RANK_PATTERN + literal;
}

static void apply(size_t word, const struct value *value, struct rules *rules)
{
    words[word].apply(&words[word], value, rules);
    rules->text[word] = value->text;
}

void policy_rules(const struct policy *policy, const char *qube, struct rules *ret)
{
    unsigned best[POLICY_WORDS] = {RANK_INITIAL};
    const struct section *section;
    const struct entry *entry;

    *ret = (struct rules){0};
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        apply(i, &policy->initial[i], ret);
    }
    STAILQ_FOREACH(section, &policy->sections, link)
    {
        unsigned rank = rank_of(section, qube);

        STAILQ_FOREACH(entry, &section->entries, link)
        {
            if (rank == RANK_INITIAL || rank < best[entry->word]) {
                continue;
            }
            best[entry->word] = rank;
            apply(entry->word, &entry->value, ret);
            ret->source[entry->word] =
                (struct policy_source){section->file, entry->line, section->name};
        }
    }
}

const char *policy_known_hosts(const struct policy *policy)
{
    struct rules rules;

    policy_rules(policy, NO_QUBE, &rules);
    return rules.known_hosts;
}

bool policy_unlock_at_start(const struct policy *policy)
{
    struct rules rules;

    policy_rules(policy, NO_QUBE, &rules);
    return rules.unlock_at_start;
}

const char *policy_word_name(enum policy_word word)
{
    return words[word].name;
}

bool policy_permits_agent(const struct rules *rules, const char *agent)
{
    const struct policy_list *list = rules->agents;
    struct view name = view_of(agent[0] != '\0' ? agent : "default");

    for (size_t i = 0; i < list->count; i++) {
        if (pattern_match(list->patterns[i], name)) {
            return true;
        }
    }
    return list->all;
}

const char *policy_key_entry(const struct rules *rules, const struct policy_key *key)
{
    const struct policy_list *list = rules->keys;

    for (size_t i = 0; i < list->count; i++) {
        const char *pattern = list->patterns[i];
        /* A comment is anybody's text: one that looks like a fingerprint is none. */
        bool is_fingerprint = strncmp(pattern, FINGERPRINT_PREFIX, strlen(FINGERPRINT_PREFIX)) == 0;

        if (is_fingerprint ? strcmp(pattern, key->fingerprint) == 0
                           : pattern_match(pattern, key->comment)) {
            return pattern;
        }
    }
    return list->all ? "all" : NULL;
}

bool policy_permits_key(const struct rules *rules, const struct policy_key *key)
{
    return policy_key_entry(rules, key) != NULL;
}
