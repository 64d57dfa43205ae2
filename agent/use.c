/* SPDX-License-Identifier: BSD-2-Clause */
#include "use.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "config.h"
#include "fingerprint.h"
#include "log.h"

#define SHOWN_TEXT_MAX  67U /* 64 bytes, in quotes, with a NUL */
#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static void hash(uint8_t *ret, size_t size, const struct wire_writer *w)
{
    crypto_generichash(ret, size, w->data, w->len, NULL, 0);
}

static const struct binding *last_binding(const struct client *client)
{
    const struct bindings *bindings = client->bindings;

    return bindings != NULL && bindings->count > 0 ? &bindings->binding[bindings->count - 1] : NULL;
}

/* Is this login one to the session that was bound last? A lie about it refuses the use. */
static enum err check_session(const struct client *client, const struct purpose *purpose,
                              bool *ret_bound)
{
    const struct binding *last = last_binding(client);
    bool same = last != NULL && view_equal((struct view){last->session_id, last->session_id_len},
                                           purpose->session_id);

    if (purpose->kind != PURPOSE_LOGIN || last == NULL || (!same && last->forwarding)) {
        *ret_bound = false; /* not proved: a client that does not bind, here or beyond a hop */
        return OK;
    }
    if (!same || (purpose->host_key.len > 0 && !view_equal(purpose->host_key, last->host_key))) {
        return ERR_SESSION;
    }
    *ret_bound = true;
    return OK;
}

static enum err find_destination(struct use *use)
{
    const struct binding *last = last_binding(use->client);
    const struct bindings *bindings = use->client->bindings;
    bool known = false;
    bool bound = false;
    enum err err = check_session(use->client, &use->purpose, &bound);

    for (size_t i = 0; bindings != NULL && i < bindings->count; i++) {
        use->forwarded = use->forwarded || bindings->binding[i].forwarding;
    }
    if (err != OK || !bound || !last->verified) {
        return err;
    }
    use->host_key = last->host_key;
    known_hosts_names(config_known_hosts(), use->host_key, wall_clock_s(), use->hosts,
                      sizeof use->hosts, &known);
    use->proof = known ? PROOF_NAME : PROOF_KEY;
    return OK;
}

/* What one use is, and what a grant covers. */
static void name_use(struct use *use)
{
    static uint8_t
        bytes[4 + FRAME_MAX + 4 * (4 + HOST_KEY_MAX)]; /* more than a stack should take */
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, (uint8_t)use->purpose.kind); /* a session id can be the bytes of an SSHSIG */
    put_string(&w, use->purpose.kind == PURPOSE_LOGIN ? use->purpose.session_id : use->data);
    hash(use->session, sizeof use->session, &w);
    put_u64(&w, use->key);
    put_string(&w, use->purpose.user);
    put_string(&w, use->host_key);
    hash(use->exact, sizeof use->exact, &w);

    w = wire_writer(bytes, sizeof bytes);
    put_u8(&w, (uint8_t)use->purpose.kind);
    put_string(&w, use->purpose.user);
    put_string(&w, use->host_key);
    put_string(&w, use->purpose.name_space);
    put_u8(&w, use->forwarded); /* a yes to the qube is none to the hosts it forwards us to */
    hash(use->scope, sizeof use->scope, &w);
    use->has_scope = use->purpose.kind == PURPOSE_SSHSIG || use->proof != PROOF_NONE;
}

static void copy_key(struct use *use, const struct identity *identity)
{
    const uint32_t sha2 = AGENT_RSA_SHA2_256 | AGENT_RSA_SHA2_512;
    uint8_t *comment = malloc(identity->comment.len + 1);

    use->key = identity->id;
    use->confirm = identity->confirm;
    use->rsa_sha1 = identity->kind == KEY_RSA && (use->flags & sha2) == 0;
    memcpy(use->fingerprint, identity->sha256, sizeof use->fingerprint);
    memcpy(use->shown, identity->fingerprint, sizeof use->shown);
    if (comment != NULL) { /* without memory it is shown without */
        if (identity->comment.len > 0) {
            memcpy(comment, identity->comment.data, identity->comment.len);
        }
        comment[identity->comment.len] = '\0';
        use->comment = (struct view){comment, identity->comment.len};
    }
}

enum err use_recheck(const struct use *use)
{
    const struct identity *identity = identity_find_id(&use->client->agent->identities, use->key);

    if (identity == NULL) {
        return ERR_NOT_FOUND;
    }
    if (identity->constraints == NULL) {
        return OK;
    }
    return constraints_check_sign(identity->constraints, use->client->bindings, &use->purpose,
                                  wall_clock_s());
}

enum err use_new(struct client *client, const struct identity *identity, struct view key_blob,
                 struct view data, uint32_t flags, struct use **ret)
{
    struct use *use = calloc(1, sizeof *use);
    enum err err;

    if (use == NULL) {
        return ERR_NO_MEMORY;
    }
    use->client = client;
    use->key_blob = key_blob;
    use->data = data;
    use->flags = flags;
    use->started_us = boottime_us();
    use->purpose = purpose_parse(data, key_blob);
    if (identity != NULL) {
        copy_key(use, identity);
    }
    err = client->bindings != NULL && client->bindings->failed ? ERR_BOUND : find_destination(use);
    if (err == ERR_SESSION && !client->qrexec) {
        err = OK; /* in the vault only the key's own constraints count; the text says unverified */
    }
    if (err == OK && identity != NULL) {
        err = use_recheck(use);
    }
    if (client->qrexec || use->confirm) { /* nothing else is counted or remembered */
        name_use(use);
    }
    *ret = use;
    return err;
}

void use_free(struct use **use)
{
    if (*use != NULL) {
        free((void *)(*use)->comment.data);
        free(*use);
    }
    *use = NULL;
}

/* Nothing was, once the uses have had all their signatures: what comes then is a new use. */
static bool was_allowed(const struct client_uses *uses, const struct use *use, bool exact)
{
    if (uses == NULL || uses->repeats >= USE_REPEATS_MAX * uses->count) {
        return false;
    }
    for (size_t i = 0; i < uses->recent; i++) {
        if (exact ? memcmp(uses->last[i].exact, use->exact, USE_ID_SIZE) == 0
                  : memcmp(uses->last[i].session, use->session, USE_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

struct policy_decision use_decide(const struct use *use)
{
    const struct client_uses *uses = use->client->uses;
    struct party *party = use->client->party;
    uint64_t now = boottime_ms();
    struct policy_use asked = {
        .key = {.fingerprint = use->fingerprint, .comment = use->comment, .confirm = use->confirm},
        .purpose = use->purpose,
        .rsa_sha1 = use->rsa_sha1,
        .proof = use->proof,
        .hosts = config_known_hosts(),
        .host_key = use->host_key,
        .now = wall_clock_s(),
        .same_use = was_allowed(uses, use, true),
        .uses = uses != NULL ? (unsigned)uses->count : 0,
        .connection_approved = uses != NULL && uses->approved,
    };

    /* Another key or user for a session that was counted: asked again, but not a use more. */
    asked.uses -= asked.uses > 0 && was_allowed(uses, use, false) ? 1 : 0;
    asked.remembered =
        use->has_scope && grants_has(party->name, use->key, use->scope, use->confirm, now);
    if (!use->client->qrexec) {
        return policy_decide_local(&asked);
    }
    if (!policy_permits_agent(&party->rules, use->client->agent_name)) { /* since it was asked */
        return (struct policy_decision){.verdict = POLICY_DENY,
                                        .word = POLICY_AGENTS,
                                        .reason = "the qube may not ask for this agent"};
    }
    asked.recent = party_recent_uses(party, now);
    return policy_decide(&party->rules, &asked);
}

enum err use_count(struct use *use, bool by_user)
{
    struct client *client = use->client;
    struct client_uses *uses = client->uses;
    const size_t room = sizeof uses->last / sizeof uses->last[0];
    bool exact = was_allowed(uses, use, true);

    if (!client->qrexec) {
        return OK; /* nothing counts them */
    }
    if (uses == NULL) {
        uses = calloc(1, sizeof *uses);
        if (uses == NULL) {
            return ERR_NO_MEMORY;
        }
        client->uses = uses;
    }
    uses->approved = uses->approved || by_user;
    if (was_allowed(uses, use, false)) {
        uses->repeats++;
    } else {
        uses->count++;
        party_count_use(client->party, boottime_ms());
    }
    if (exact) {
        return OK;
    }
    if (uses->recent == room) {
        memmove(&uses->last[0], &uses->last[1], (room - 1) * sizeof uses->last[0]);
        uses->recent--;
    }
    memcpy(uses->last[uses->recent].session, use->session, USE_ID_SIZE);
    memcpy(uses->last[uses->recent].exact, use->exact, USE_ID_SIZE);
    uses->recent++;
    return OK;
}

/*
 * A client's text as one word, or in quotes that it cannot end: no user name reads like a proved
 * destination.
 */
static const char *shown_text(char ret[SHOWN_TEXT_MAX], struct view text, bool quote)
{
    char clean[SHOWN_TEXT_MAX - 2];

    log_clean(clean, sizeof clean, text.data, text.len);
    for (char *at = clean; *at != '\0'; at++) {
        quote = quote || strchr(WORD_CHARACTERS, *at) == NULL;
        if (*at == '"') {
            *at = '\'';
        }
    }
    snprintf(ret, SHOWN_TEXT_MAX, quote || text.len == 0 ? "\"%s\"" : "%s", clean);
    return ret;
}

static void login_text(const struct use *use, char *ret)
{
    char user[SHOWN_TEXT_MAX];
    char key[FINGERPRINT_MAX] = "";

    shown_text(user, use->purpose.user, false);
    if (use->proof == PROOF_NAME) {
        snprintf(ret, USE_TEXT_MAX, "log in as %s to %s (host key verified)%s", user,
                 use->hosts[0] != '\0' ? use->hosts : "a host with a hashed name",
                 use->forwarded ? ", forwarded" : "");
    } else if (use->proof == PROOF_KEY) {
        fingerprint_sha256(use->host_key, key);
        snprintf(ret, USE_TEXT_MAX, "log in as %s to an UNKNOWN host, key %s%s", user, key,
                 use->forwarded ? ", forwarded" : "");
    } else {
        snprintf(ret, USE_TEXT_MAX, "log in as %s to an UNVERIFIED destination%s", user,
                 use->forwarded ? ", forwarded" : "");
    }
}

const char *use_text(const struct use *use, char *ret)
{
    char name[SHOWN_TEXT_MAX];

    switch (use->purpose.kind) {
    case PURPOSE_LOGIN:
        login_text(use, ret);
        break;
    case PURPOSE_SSHSIG:
        snprintf(ret, USE_TEXT_MAX, "sign for %s", shown_text(name, use->purpose.name_space, true));
        break;
    case PURPOSE_OPAQUE:
        snprintf(ret, USE_TEXT_MAX, "sign unidentified data (%zu bytes)", use->data.len);
        break;
    }
    return ret;
}
