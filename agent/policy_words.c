/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "policy_entries.h"

const char *excerpt(char *ret, const char *text)
{
    size_t len = strlen(text);

    log_clean(ret, EXCERPT_MAX, text, len);
    if (len >= EXCERPT_MAX) {
        memset(ret + EXCERPT_MAX - 4, '.', 3);
    }
    return ret;
}

static enum err not_a_value(const struct word *word, const char *text, char *why)
{
    char shown[EXCERPT_MAX];

    snprintf(why, WHY_MAX, "%s cannot be \"%s\"; it is %s", word->name, excerpt(shown, text),
             word->values);
    return ERR_MALFORMED;
}

/* A decimal number from 1 to max; 0 for anything else. */
static unsigned number_of(const char *text, unsigned max)
{
    unsigned n = 0;

    if (text[0] == '\0') {
        return 0;
    }
    for (; *text >= '0' && *text <= '9' && n <= max; text++) {
        n = n * 10 + (unsigned)(*text - '0');
    }
    return *text == '\0' && n <= max ? n : 0;
}

static enum err parse_number(const struct word *word, const char *text, struct value *ret,
                             char *why)
{
    ret->number = number_of(text, word->max);
    if (ret->number == 0 && !(word->may_be_no && strcmp(text, "no") == 0)) {
        return not_a_value(word, text, why);
    }
    return OK;
}

static enum err parse_flag(const struct word *word, const char *text, struct value *ret, char *why)
{
    ret->number = strcmp(text, "yes") == 0;
    return ret->number == 1 || strcmp(text, "no") == 0 ? OK : not_a_value(word, text, why);
}

static enum err parse_confirm(const struct word *word, const char *text, struct value *ret,
                              char *why)
{
    static const struct {
        const char *name;
        enum policy_confirm confirm;
    } choices[] = {
        {"each", CONFIRM_EACH},
        {"connection", CONFIRM_CONNECTION},
        {"key", CONFIRM_KEY},
        {"no", CONFIRM_NO},
    };

    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (strcmp(text, choices[i].name) == 0) {
            ret->number = choices[i].confirm;
            return OK;
        }
    }
    ret->number = CONFIRM_SECONDS;
    ret->seconds = number_of(text, word->max);
    return ret->seconds != 0 ? OK : not_a_value(word, text, why);
}

static enum err parse_notify(const struct word *word, const char *text, struct value *ret,
                             char *why)
{
    enum err err = parse_list(word, text, ret, why);

    if (err != OK) {
        return err;
    }
    if (ret->list.all) {
        return not_a_value(word, text, why);
    }
    for (size_t i = 0; i < ret->list.count; i++) {
        ret->number |= notify_flag(ret->list.patterns[i]);
    }
    return OK;
}

static enum err parse_unlock(const struct word *word, const char *text, struct value *ret,
                             char *why)
{
    ret->number = strcmp(text, "start") == 0;
    return ret->number == 1 || strcmp(text, "use") == 0 ? OK : not_a_value(word, text, why);
}

/*
 * The prompt opens this file for an agent that it does not trust, so it takes no other places
 * (prompt_ipc.h).
 */
static enum err parse_known_hosts(const struct word *word, const char *text, struct value *ret,
                                  char *why)
{
    bool absolute = strncmp(text, "/etc/", 5) == 0 && text[strlen(text) - 1] != '/';
    bool dots = text[0] == '.' || strstr(text, "/.") != NULL || strstr(text, "//") != NULL;

    (void)ret;
    if (dots || (!absolute && strchr(text, '/') != NULL)) {
        return not_a_value(word, text, why);
    }
    return OK;
}

static void *field_of(const struct word *word, struct rules *rules)
{
    return (char *)rules + word->field;
}

static void apply_list(const struct word *word, const struct value *value, struct rules *rules)
{
    const struct policy_list **field = field_of(word, rules);

    *field = &value->list;
}

static void apply_destinations(const struct word *word, const struct value *value,
                               struct rules *rules)
{
    apply_list(word, value, rules);
    rules->unverified = value->unverified;
}

static void apply_number(const struct word *word, const struct value *value, struct rules *rules)
{
    unsigned *field = field_of(word, rules);

    *field = value->number;
}

static void apply_flag(const struct word *word, const struct value *value, struct rules *rules)
{
    bool *field = field_of(word, rules);

    *field = value->number == 1;
}

static void apply_confirm(const struct word *word, const struct value *value, struct rules *rules)
{
    (void)word;
    rules->confirm = (enum policy_confirm)value->number;
    rules->seconds = value->seconds;
}

static void apply_known_hosts(const struct word *word, const struct value *value,
                              struct rules *rules)
{
    (void)word;
    rules->known_hosts = strcmp(value->text, "no") != 0 ? value->text : "";
}

static_assert(GRANT_MAX_S == 86400U && QUBE_CLIENTS_MAX == 64U && WAIT_FOR_KEY_MAX_S == 600U,
              "the texts below say so");

/* One line here, one in enum policy_word, one in qubes-split-ssh.conf(5), and a word is there. */
const struct word words[POLICY_WORDS] = {
    [POLICY_AGENTS] = {.name = "agents",
                       .initial = "all",
                       .values = "all, no, or names of agents, separated by commas",
                       .meaning = "agents that the qube may ask for",
                       .parse = parse_list,
                       .apply = apply_list,
                       .field = offsetof(struct rules, agents),
                       .check = check_agent},
    [POLICY_KEYS] = {.name = "keys",
                     .initial = "all",
                     .values = "all, no, or SHA256:... fingerprints and patterns of comments, "
                               "separated by commas",
                     .meaning = "keys that it may see and use",
                     .parse = parse_list,
                     .apply = apply_list,
                     .field = offsetof(struct rules, keys),
                     .check = check_key},
    [POLICY_CONFIRM] = {.name = "confirm",
                        .initial = "each",
                        .values = "each, connection, key, no, or seconds (1 to 86400)",
                        .meaning = "when you are asked",
                        .parse = parse_confirm,
                        .apply = apply_confirm,
                        .max = GRANT_MAX_S},
    [POLICY_USES] = {.name = "uses",
                     .initial = "1",
                     .values = "a number (1 to 1000000), or no for no limit",
                     .meaning = "logins and signatures per connection",
                     .parse = parse_number,
                     .apply = apply_number,
                     .field = offsetof(struct rules, uses),
                     .max = 1000000,
                     .may_be_no = true},
    [POLICY_DESTINATIONS] = {.name = "destinations",
                             .initial = "all",
                             .values = "all, no, or user@host patterns and the word unverified, "
                                       "separated by commas",
                             .meaning = "where it may log in",
                             .parse = parse_list,
                             .apply = apply_destinations,
                             .field = offsetof(struct rules, destinations),
                             .check = check_destination,
                             .unverified = true},
    [POLICY_NAMESPACES] = {.name = "namespaces",
                           .initial = "git, file",
                           .values = "all, no, or SSHSIG namespaces, separated by commas",
                           .meaning = "SSHSIG namespaces that it may sign for",
                           .parse = parse_list,
                           .apply = apply_list,
                           .field = offsetof(struct rules, namespaces),
                           .check = check_namespace},
    [POLICY_OPAQUE] = {.name = "opaque",
                       .initial = "no",
                       .values = "yes or no",
                       .meaning = "signing other data than logins, SSHSIG",
                       .parse = parse_flag,
                       .apply = apply_flag,
                       .field = offsetof(struct rules, opaque)},
    [POLICY_RSA_SHA1] = {.name = "rsa-sha1",
                         .initial = "no",
                         .values = "yes or no",
                         .meaning = "signing with RSA and SHA-1 (ssh-rsa)",
                         .parse = parse_flag,
                         .apply = apply_flag,
                         .field = offsetof(struct rules, rsa_sha1)},
    [POLICY_IDLE] = {.name = "idle",
                     .initial = "60",
                     .values = "seconds (1 to 86400), or no for no limit",
                     .meaning = "seconds until a silent connection ends",
                     .parse = parse_number,
                     .apply = apply_number,
                     .field = offsetof(struct rules, idle),
                     .max = 86400,
                     .may_be_no = true},
    [POLICY_RATE] = {.name = "rate",
                     .initial = "30",
                     .values = "a number (1 to 1000000), or no for no limit",
                     .meaning = "logins and signatures per minute",
                     .parse = parse_number,
                     .apply = apply_number,
                     .field = offsetof(struct rules, rate),
                     .max = 1000000,
                     .may_be_no = true},
    [POLICY_CONNECTIONS] = {.name = "connections",
                            .initial = "16",
                            .values = "a number (1 to 64)",
                            .meaning = "connections at once",
                            .parse = parse_number,
                            .apply = apply_number,
                            .field = offsetof(struct rules, connections),
                            .max = QUBE_CLIENTS_MAX},
    [POLICY_NOTIFY] = {.name = "notify",
                       .initial = "use",
                       .values = "no, or use, connection and refused, separated by commas",
                       .meaning = "what you are told about",
                       .parse = parse_notify,
                       .apply = apply_number,
                       .field = offsetof(struct rules, notify),
                       .check = check_notify},
    [POLICY_WAIT_FOR_KEY] = {.name = "wait-for-key",
                             .initial = "no",
                             .values = "seconds (1 to 600), or no",
                             .meaning = "seconds to wait for keys of KeePassXC",
                             .parse = parse_number,
                             .apply = apply_number,
                             .field = offsetof(struct rules, wait_for_key),
                             .max = WAIT_FOR_KEY_MAX_S,
                             .may_be_no = true},
    [POLICY_UNLOCK] = {.name = "unlock",
                       .initial = "use",
                       .values = "use or start",
                       .meaning = "when files get their passphrases",
                       .parse = parse_unlock,
                       .apply = apply_flag,
                       .field = offsetof(struct rules, unlock_at_start),
                       .default_only = true},
    [POLICY_KNOWN_HOSTS] = {.name = "known_hosts",
                            .initial = "no",
                            .values = "the name of a file beside your policy files, a path below "
                                      "/etc/ without names that begin with a dot, or no",
                            .meaning = "one more known_hosts file",
                            .parse = parse_known_hosts,
                            .apply = apply_known_hosts,
                            .default_only = true},
};

size_t word_find(const char *name)
{
    size_t i = 0;

    while (i < POLICY_WORDS && strcmp(name, words[i].name) != 0) {
        i++;
    }
    return i;
}

enum err value_parse(const struct word *word, const char *text, struct value *ret, char *why)
{
    struct value value = {0};
    enum err err;

    if (text[0] == '\0') {
        snprintf(why, WHY_MAX, "%s needs a value: %s", word->name, word->values);
        return ERR_MALFORMED;
    }
    err = word->parse(word, text, &value, why);
    if (err == OK && value.text == NULL) {
        value.text = strdup(text);
        err = value.text != NULL ? OK : ERR_NO_MEMORY;
    }
    if (err != OK) {
        value_clear(&value);
        return err;
    }
    *ret = value;
    return OK;
}

void value_clear(struct value *value)
{
    free(value->text);
    free(value->list.patterns);
    *value = (struct value){0};
}
