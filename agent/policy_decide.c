/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "pattern.h"
#include "policy.h"

static struct policy_decision deny(enum policy_word word, const char *reason)
{
    return (struct policy_decision){.verdict = POLICY_DENY, .word = word, .reason = reason};
}

static struct policy_decision allow(enum policy_word word, const char *reason)
{
    return (struct policy_decision){.verdict = POLICY_ALLOW, .word = word, .reason = reason};
}

static bool permits_namespace(const struct rules *rules, struct view name_space)
{
    const struct policy_list *list = rules->namespaces;

    for (size_t i = 0; i < list->count; i++) {
        if (pattern_match(list->patterns[i], name_space)) {
            return true;
        }
    }
    return list->all;
}

/*
 * Of the host key that was proved, and of the one that a hostbound login names without a proof: to
 * refuse the latter takes nothing away from anybody.
 */
static bool is_revoked(const struct policy_use *use)
{
    if (use->purpose.kind != PURPOSE_LOGIN || use->hosts == NULL) {
        return false;
    }
    return (use->proof != PROOF_NONE && known_hosts_is_revoked(use->hosts, use->host_key)) ||
           (use->purpose.host_key.len > 0 &&
            known_hosts_is_revoked(use->hosts, use->purpose.host_key));
}

/* user@host: the user as the login has it, the host by the names that known_hosts proves. */
static bool destination_matches(const char *pattern, const struct policy_use *use)
{
    const char *host = strrchr(pattern, '@') + 1; /* check_destination() saw to it */
    char user[USER_MAX + 1];

    snprintf(user, sizeof user, "%.*s", (int)(host - 1 - pattern), pattern);
    return pattern_match(user, use->purpose.user) &&
           known_hosts_match(use->hosts, use->host_key, use->now, host);
}

static bool permits_destination(const struct rules *rules, const struct policy_use *use)
{
    const struct policy_list *list = rules->destinations;

    if (list->all || (rules->unverified && use->proof != PROOF_NAME)) {
        return true;
    }
    if (use->proof == PROOF_NONE || use->hosts == NULL) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (destination_matches(list->patterns[i], use)) {
            return true;
        }
    }
    return false;
}

static const char *destination_reason(const struct policy_use *use)
{
    switch (use->proof) {
    case PROOF_NONE:
        return "the client did not prove its destination";
    case PROOF_KEY:
        return "the destination is in no known_hosts file";
    case PROOF_NAME:
        break;
    }
    return "the destination is not allowed";
}

/*
 * Is there something that a later use can be compared with? Without a proved destination "for ten
 * minutes" would hold for every place; of a -c key the keystore itself compares (approval.h), and
 * it reads the host from the data.
 */
static bool can_be_remembered(const struct policy_use *use)
{
    switch (use->purpose.kind) {
    case PURPOSE_LOGIN:
        return use->proof != PROOF_NONE && (!use->key.confirm || use->purpose.host_key.len > 0);
    case PURPOSE_SSHSIG:
        return true;
    case PURPOSE_OPAQUE:
        break;
    }
    return false;
}

/* What forbids the use for good: the same for the first signature of a use and for the others. */
static bool is_forbidden(const struct rules *rules, const struct policy_use *use,
                         struct policy_decision *ret)
{
    enum purpose_kind kind = use->purpose.kind;

    if (!policy_permits_key(rules, &use->key)) {
        *ret = deny(POLICY_KEYS, "the qube may not use this key");
    } else if (kind == PURPOSE_OPAQUE && !rules->opaque) {
        *ret = deny(POLICY_OPAQUE, "the data is neither a login nor a signature for a namespace");
    } else if (kind == PURPOSE_SSHSIG && !permits_namespace(rules, use->purpose.name_space)) {
        *ret = deny(POLICY_NAMESPACES, "the namespace is not allowed");
    } else if (use->rsa_sha1 && !rules->rsa_sha1) {
        *ret = deny(POLICY_RSA_SHA1, "RSA with SHA-1 is not allowed");
    } else if (is_revoked(use)) {
        *ret = deny(POLICY_DESTINATIONS, "the host's key is revoked in known_hosts");
    } else if (kind == PURPOSE_LOGIN && !permits_destination(rules, use)) {
        *ret = deny(POLICY_DESTINATIONS, destination_reason(use));
    } else {
        return false;
    }
    return true;
}

/* The user's yes: what the policy wants, and what the key wants. One question covers both. */
static struct policy_decision confirm(const struct rules *rules, const struct policy_use *use)
{
    bool remembered = use->remembered && can_be_remembered(use);
    struct policy_decision ask = {.verdict = POLICY_ASK, .word = POLICY_CONFIRM};

    if (can_be_remembered(use)) {
        ask.seconds = rules->seconds; /* 0 but for CONFIRM_SECONDS */
    }
    if (use->key.confirm && !remembered) {
        ask.reason = "the key was added with confirmation (ssh-add -c)";
        return ask;
    }
    if (use->same_use) {
        return allow(POLICY_CONFIRM, "part of a use that was allowed");
    }
    switch (rules->confirm) {
    case CONFIRM_EACH:
        ask.reason = "each use is asked";
        return ask;
    case CONFIRM_CONNECTION:
        ask.reason = "the first use of a connection is asked";
        return use->connection_approved
                   ? allow(POLICY_CONFIRM, "the user has allowed this connection")
                   : ask;
    case CONFIRM_SECONDS:
        ask.reason = "a use that was not allowed before is asked";
        return remembered ? allow(POLICY_CONFIRM, "the user's answer is still in force") : ask;
    case CONFIRM_KEY:
    case CONFIRM_NO:
        break;
    }
    return allow(POLICY_CONFIRM, use->key.confirm ? "the user's answer is still in force"
                                                  : "no question is needed");
}

/*
 * The order is part of the argument. What is forbidden is refused before anything is counted or
 * asked, so that no answer of the user can allow it, and on a further signature of a use too. Such
 * a signature is not counted; the counters stand before the question, so that nobody is asked for
 * what is over the limit.
 */
struct policy_decision policy_decide(const struct rules *rules, const struct policy_use *use)
{
    struct policy_decision forbidden;

    if (is_forbidden(rules, use, &forbidden)) {
        return forbidden;
    }
    if (!use->same_use && rules->uses != 0 && use->uses >= rules->uses) {
        return deny(POLICY_USES, "the connection has had its uses");
    }
    if (!use->same_use && rules->rate != 0 && use->recent >= rules->rate) {
        return deny(POLICY_RATE, "too many uses in a minute");
    }
    return confirm(rules, use);
}

struct policy_decision policy_decide_local(const struct policy_use *use)
{
    if (use->key.confirm && !(use->remembered && can_be_remembered(use))) {
        return (struct policy_decision){.verdict = POLICY_ASK,
                                        .word = POLICY_CONFIRM,
                                        .reason =
                                            "the key was added with confirmation (ssh-add -c)"};
    }
    return allow(POLICY_CONFIRM, "a program in the vault");
}
