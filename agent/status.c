/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agents.h"
#include "audit.h"
#include "clock.h"
#include "config.h"
#include "control_ipc.h"
#include "grants.h"
#include "handlers.h"
#include "ipc.h"
#include "key_reload.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "log.h"
#include "prompt_client.h"
#include "question.h"
#include "sandbox.h"

#define SHOWN 128U /* bytes of a comment, or of a list of destinations */

/* One answer is made at a time. What does not fit is cut, which its last line says. */
static char text[CONTROL_TEXT_MAX + 1];
static size_t used;

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    used += n > 0 ? (size_t)n : 0;
    if (used >= sizeof text) {
        used = sizeof text - 1;
        memcpy(text + used - 4, "...\n", sizeof "...\n");
    }
}

static void begin(void)
{
    used = 0;
    text[0] = '\0';
}

/* What was said, as EXTENSION_RESPONSE (RFC 9987, section 3.8). */
static void answer(struct client *client, const char *name, bool ok)
{
    static uint8_t frame[5 + 64 + 4 + CONTROL_TEXT_MAX];
    struct wire_writer w = wire_writer(frame, sizeof frame);

    put_u32(&w, 0); /* the length, below */
    put_u8(&w, AGENT_EXTENSION_RESPONSE);
    put_text(&w, name);
    put_u8(&w, ok);
    put_text(&w, text);
    store_u32(frame, (uint32_t)w.len - 4);
    client_answer_bytes(client, frame, w.len);
}

/* A name out of a request, as a C string; false: it is none. */
static bool take_text(struct wire_reader *r, char *ret, size_t cap)
{
    struct view v = wire_string(r, cap - 1);

    if (r->err != OK || (v.len > 0 && memchr(v.data, '\0', v.len) != NULL)) {
        return false;
    }
    if (v.len > 0) {
        memcpy(ret, v.data, v.len);
    }
    ret[v.len] = '\0';
    return true;
}

static void say_duration(uint64_t ms)
{
    uint64_t s = (ms + 999) / 1000;

    if (s < 120) {
        say("%u s", (unsigned)s);
    } else if (s < 7200) {
        say("%u min", (unsigned)(s / 60));
    } else {
        say("%u h", (unsigned)(s / 3600));
    }
}

static const char *kind_name(enum key_kind kind)
{
    return kind == KEY_ED25519 ? "ED25519" : kind == KEY_RSA ? "RSA" : "ECDSA";
}

static void say_key(const struct identity *identity, uint64_t now)
{
    char clean[SHOWN + 1];
    char destinations[SHOWN + 1];

    say("  %s %s (%s)", identity->sha256,
        log_clean(clean, sizeof clean, identity->comment.data, identity->comment.len),
        kind_name(identity->kind));
    if (identity->confirm) {
        say(", asks each time");
    }
    if (identity->sealed) {
        say(", passphrase not needed yet");
    }
    if (identity->deadline != 0) {
        say(", ");
        say_duration(identity->deadline > now ? identity->deadline - now : 0);
        say(" left");
    }
    if (identity->constraints != NULL) {
        constraints_describe(identity->constraints, destinations, sizeof destinations);
        say(", only %s", destinations);
    }
    say("\n");
}

static void say_keys(const struct agent *agent)
{
    uint64_t now = boottime_ms();
    const struct identity *identity;
    size_t at = 0;

    while ((identity = identity_next(&agent->identities, &at)) != NULL) {
        say_key(identity, now);
    }
    if (at == 0) {
        say("  none\n");
    }
}

/* A heading for each, where there is more than the default one. */
static void say_all_keys(void)
{
    const char *locked = lock_state_is_locked() ? " (locked; ssh-add -X unlocks them)" : "";
    const struct agent *agent = NULL;

    while ((agent = agents_next(agent)) != NULL) {
        if (agent->name[0] == '\0') {
            say("keys%s:\n", locked);
        } else {
            say("keys of the agent %s%s:\n", agent->name, locked);
        }
        say_keys(agent);
    }
}

static void say_qubes(void)
{
    uint64_t now = boottime_ms();
    struct party *party = NULL;
    bool any = false;

    say("qubes:\n");
    while ((party = party_next(party)) != NULL) {
        unsigned recent = party_recent_uses(party, now);

        if (party->clients == 0 && recent == 0 && !question_is_cooling(party, now)) {
            continue;
        }
        any = true;
        say("  %s: %u connection%s, %u use%s in the last minute", party->name, party->clients,
            party->clients == 1 ? "" : "s", recent, recent == 1 ? "" : "s");
        if (question_is_cooling(party, now)) {
            say(", may ask nothing for ");
            say_duration(party->cool_until - now);
        }
        say("\n");
    }
    if (!any) {
        say("  none connected\n");
    }
}

static bool say_grants(void)
{
    uint64_t now = boottime_ms();
    const struct grant *grant;
    bool any = false;
    size_t at = 0;

    while ((grant = grants_next(&at, now)) != NULL) {
        struct agent *agent;
        const struct identity *identity = agents_find_key(grant->key, &agent);

        if (identity == NULL) {
            continue; /* its key is gone, and so is the grant */
        }
        any = true;
        say("  %s: %s with %s for ", grant->qube[0] != '\0' ? grant->qube : "this vault",
            grant->what, identity->sha256);
        say_duration(grant->expiry - now);
        say("\n");
    }
    return any;
}

void status_status(struct client *client, struct view body)
{
    if (body.len != 0) {
        handle_failure(client, "tell the status", ERR_MALFORMED);
        return;
    }
    begin();
    say_all_keys();
    say_qubes();
    say("allowed for a while:\n");
    if (!say_grants()) {
        say("  nothing\n");
    }
    say("questions: %s, %u open\n",
        prompt_is_alive() ? "the prompt runs"
                          : "the prompt has ended, so each is answered with no (restart the agent)",
        question_count());
    if (question_problem() == PROMPT_NO_DISPLAY) {
        say("  the last one was answered with no: there is no display to ask on, and no askpass\n"
            "  (start the agent in the desktop session, or set SSH_ASKPASS for it)\n");
    } else if (question_problem() == PROMPT_FAILED) {
        say("  the last one was answered with no: what should have asked broke (see the log)\n");
    }
    say("key memory: %s\n", keystore_memory());
    say("sandbox of the keystore: %s\n", keystore_sandbox());
    say("sandbox of the agent: %s\n", sandbox_describe());
    say("audit log: %s/%s\n", audit_directory(), AUDIT_FILE);
    answer(client, CONTROL_STATUS, true);
}

static size_t count_keys(void)
{
    const struct agent *agent = NULL;
    size_t count = 0;

    while ((agent = agents_next(agent)) != NULL) {
        size_t at = 0;

        while (identity_next(&agent->identities, &at) != NULL) {
            count++;
        }
    }
    return count;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0';
}

/* The same for a program: `split-ssh check`. */
void status_check(struct client *client, struct view body)
{
    char clean[LOG_LINE_MAX];

    if (body.len != 0) {
        handle_failure(client, "be checked", ERR_MALFORMED);
        return;
    }
    begin();
    say("version " SPLIT_SSH_VERSION "\n");
    say("keys %zu\n", count_keys());
    say("locked %s\n", lock_state_is_locked() ? "yes" : "no");
    say("prompt %s\n", prompt_is_alive() ? "yes" : "no");
    say("display %s\n", is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") ? "yes" : "no");
    say("memory %s\n", keystore_memory());
    say("keystore %s\n", keystore_sandbox());
    say("agent %s\n", sandbox_describe());
    say("policy %s\n", log_clean(clean, sizeof clean, config_fault(), strlen(config_fault())));
    say("audit %s\n", audit_directory());
    answer(client, CONTROL_CHECK, true);
}

void status_grants(struct client *client, struct view body)
{
    if (body.len != 0) {
        handle_failure(client, "list grants", ERR_MALFORMED);
        return;
    }
    begin();
    if (!say_grants()) {
        say("nothing is allowed without a question\n");
    }
    answer(client, CONTROL_GRANTS, true);
}

static unsigned drop_grants(bool all, const char *qube)
{
    return all ? grants_drop_all() : grants_drop_qube(qube);
}

static void revoke_done(struct client *client, enum err err, struct view unused)
{
    struct wire_reader r = wire_reader(client->request.fields, client->request.fields_len);
    bool all = wire_bool(&r);
    char qube[QUBE_NAME_MAX + 1];

    (void)unused;
    if (err != OK) {
        handle_failure(client, "revoke", err);
        return;
    }
    if (take_text(&r, qube, sizeof qube)) {
        drop_grants(all, qube); /* of a signature that was before us in the queue */
    }
    begin();
    say("%u revoked\n", (unsigned)client->request.id);
    answer(client, CONTROL_REVOKE, true);
}

/* Ours end now; the keystore's when it has said so. */
void status_revoke(struct client *client, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    bool all = wire_bool(&r);
    char qube[QUBE_NAME_MAX + 1];
    struct wire_writer fields;

    if (!take_text(&r, qube, sizeof qube) || wire_end(&r) != OK) {
        handle_failure(client, "revoke", ERR_MALFORMED);
        return;
    }
    fields = keystore_fields(client, IPC_REVOKE);
    client->request.id = drop_grants(all, qube); /* for revoke_done() */
    put_u8(&fields, all);
    put_text(&fields, qube);
    keystore_request(client, &fields, (struct view){0}, revoke_done);
}

/* By fingerprint, or by the whole comment. */
static const struct identity *find_key(const char *name)
{
    const struct agent *agent = NULL;

    while ((agent = agents_next(agent)) != NULL) {
        const struct identity *identity;
        size_t at = 0;

        while ((identity = identity_next(&agent->identities, &at)) != NULL) {
            if (strcmp(identity->sha256, name) == 0 || view_is(identity->comment, name)) {
                return identity;
            }
        }
    }
    return NULL;
}

void status_policy_test(struct client *client, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    const struct identity *identity;
    struct policy_key key = {0};
    char qube[QUBE_NAME_MAX + 1];
    char name[CONTROL_KEY_MAX + 1];
    struct rules rules;

    if (!take_text(&r, qube, sizeof qube) || !take_text(&r, name, sizeof name) ||
        wire_end(&r) != OK) {
        handle_failure(client, "test the policy", ERR_MALFORMED);
        return;
    }
    begin();
    identity = name[0] != '\0' ? find_key(name) : NULL;
    if (name[0] != '\0' && identity == NULL) {
        say("no key has this fingerprint or comment (ssh-add -l lists them)");
        answer(client, CONTROL_POLICY_TEST, false);
        return;
    }
    if (identity != NULL) {
        key = (struct policy_key){identity->sha256, identity->comment, identity->confirm};
    }
    policy_rules(config_policy(), qube, &rules);
    policy_explain(&rules, qube, identity != NULL ? &key : NULL, text, sizeof text);
    used = strlen(text);
    answer(client, CONTROL_POLICY_TEST, true);
}

void status_list(struct client *client, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint64_t now = boottime_ms();
    const struct identity *identity;
    const struct agent *agent;
    char name[AGENT_NAME_MAX + 1];
    size_t at = 0;

    if (!take_text(&r, name, sizeof name) || wire_end(&r) != OK) {
        handle_failure(client, "list keys", ERR_MALFORMED);
        return;
    }
    begin();
    agent = agents_find(name);
    if (agent == NULL) {
        say("there is no agent of this name here");
        answer(client, CONTROL_LIST, false);
        return;
    }
    while (!lock_state_is_locked() && (identity = identity_next(&agent->identities, &at)) != NULL) {
        say_key(identity, now);
    }
    if (at == 0) {
        say("%s\n", lock_state_is_locked() ? "the agent is locked (ssh-add -X unlocks it)"
                                           : "there are no keys");
    }
    answer(client, CONTROL_LIST, true);
}

static void reload_done(struct client *client, int loaded)
{
    begin();
    if (loaded < 0) {
        say(KEY_RELOAD_NO_PROMPT);
    } else {
        say("%d key%s from files\n", loaded, loaded == 1 ? "" : "s");
    }
    answer(client, CONTROL_RELOAD, loaded >= 0);
}

void status_reload(struct client *client, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct agent *agent = NULL;
    char name[AGENT_NAME_MAX + 1];
    const char *why = NULL;

    if (!take_text(&r, name, sizeof name) || wire_end(&r) != OK) {
        handle_failure(client, "reload keys", ERR_MALFORMED);
        return;
    }
    agent = agents_find(name);
    if (agent == NULL) {
        why = "there is no agent of this name here (a directory in ~/.ssh/identities.d makes one)";
    } else if (lock_state_is_locked()) {
        why = err_text(ERR_LOCKED);
    } else {
        why = key_reload(client, agent, reload_done);
    }
    if (why != NULL) {
        begin();
        say("%s", why);
        answer(client, CONTROL_RELOAD, false);
    }
}
