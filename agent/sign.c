/* SPDX-License-Identifier: BSD-2-Clause */
#include "sign.h"

#include <errno.h>
#include <stdlib.h>

#include "audit.h"
#include "await.h"
#include "clock.h"
#include "fingerprint.h"
#include "handlers.h"
#include "ipc.h"
#include "keystore_client.h"
#include "log.h"
#include "notices.h"
#include "question.h"
#include "unseal.h"

#define COMMENT_SHOWN 64U /* bytes of a comment in a line */

static const char *comment_of(const struct use *use)
{
    static char clean[COMMENT_SHOWN + 1];

    return log_clean(clean, sizeof clean, use->comment.data, use->comment.len);
}

static const char *proof_name(enum destination_proof proof)
{
    return proof == PROOF_NAME ? "name" : proof == PROOF_KEY ? "key" : "none";
}

static enum err write_audit(const struct use *use, bool allowed)
{
    const struct client *client = use->client;
    struct report_bucket *bucket = &client->party->audit_bucket;
    char host_key[FINGERPRINT_MAX] = "";
    struct audit_record record = {
        .qube = client->party->name,
        .agent = client->agent_name,
        .fingerprint = use->fingerprint,
        .comment = (const char *)use->comment.data, /* has a NUL behind it */
        .purpose = &use->purpose,
        .data_len = use->data.len,
        .host_key = host_key,
        .hosts = use->hosts,
        .proof = use->purpose.kind == PURPOSE_LOGIN ? proof_name(use->proof) : "",
        .forwarded = use->forwarded,
        .allowed = allowed,
        .reason = use->reason,
        .by = use->by,
        .took_us = use->decided_us - use->started_us,
    };
    enum err err;

    /* A qube that is refused over and over must not push what was allowed out of the log. */
    if (!allowed && client->qrexec && !report_bucket_take(bucket)) {
        return OK;
    }
    if (use->proof != PROOF_NONE) {
        fingerprint_sha256(use->host_key, host_key);
    }
    record.left_out = bucket->dropped;
    err = audit_write(&record);
    bucket->dropped = err == OK ? 0 : bucket->dropped;
    return err;
}

/* The use is over, one way or the other: its client gets its answer, unless it has gone. */
static void end_use(struct use *use, const uint8_t *frame, size_t len)
{
    struct client *client = use->client;

    client->use = NULL;
    use_free(&use);
    if (frame != NULL) {
        client_answer_bytes(client, frame, len);
    } else {
        client_answer_status(client, AGENT_FAILURE);
    }
}

static void decided(struct use *use, const char *reason, const char *by)
{
    use->decided_us = boottime_us();
    use->reason = reason;
    snprintf(use->by, sizeof use->by, "%s", by);
}

static void refuse(struct use *use)
{
    struct party *party = use->client->party;
    char text[USE_TEXT_MAX];

    use_text(use, text);
    report_party(party, "refused to sign with %s (%s) to %s: %s",
                 use->key != 0 ? use->shown : "a key", comment_of(use), text, use->reason);
    notice_party(party, NOTIFY_REFUSED, "SSH key \"%s\" refused to %s: %s (%s)", comment_of(use),
                 party->name, text, use->reason);
    if (write_audit(use, false) != OK) {
        report_party(party, "%s: %s", err_text(ERR_AUDIT), strerror(errno));
    }
    end_use(use, NULL, 0);
}

/* Only now: if the keystore said no, it has not remembered it either. */
static void remember(const struct use *use)
{
    struct grant grant = {
        .key = use->key,
        .expiry = use->remember_until,
        .in_keystore = use->approval_len > 0 && use->approval[0] == APPROVAL_WHILE,
    };
    char text[USE_TEXT_MAX];

    snprintf(grant.qube, sizeof grant.qube, "%s", use->client->party->name);
    memcpy(grant.scope, use->scope, sizeof grant.scope);
    snprintf(grant.what, sizeof grant.what, "%s", use_text(use, text));
    grants_add(&grant);
}

/* The keystore knows best what is sealed: of two files with one key, one may have been opened. */
static void wait_for_passphrase(struct use *use)
{
    struct identity *identity = identity_find_id(&use->client->agent->identities, use->key);
    const char *why;

    if (identity != NULL) {
        identity->sealed = true;
    }
    use->approval_taken = true; /* the keystore keeps it for this data (ipc.h) */
    why = unseal_wait(use);     /* which can end the use */
    if (why != NULL) {
        sign_not_unsealed(use, why);
    }
}

static void sign_done(struct client *client, enum err err, struct view answer)
{
    struct use *use = client->use;
    uint8_t frame[IPC_HEADER + 4 + SIGNATURE_MAX];
    struct wire_writer w = wire_writer(frame, sizeof frame);
    char text[USE_TEXT_MAX];

    put_u32(&w, (uint32_t)answer.len + 1);
    put_u8(&w, AGENT_SIGN_RESPONSE);
    put_bytes(&w, answer.data, answer.len);
    err = err == OK ? w.err : err;
    /* No line, no signature. */
    if (err == OK && write_audit(use, true) != OK) {
        report_party(client->party, "error: %s/%s: %s", audit_directory(), AUDIT_FILE,
                     strerror(errno));
        err = ERR_AUDIT;
    }
    if (err == ERR_SEALED) {
        wait_for_passphrase(use);
        return;
    }
    if (err != OK) {
        decided(use, err_text(err), "keystore");
        refuse(use);
        return;
    }
    if (use->remember_until > 0) {
        remember(use);
    }
    if (client->qrexec) {
        use_text(use, text);
        report_party(client->party, "signed with %s (%s) to %s: %s", use->shown, comment_of(use),
                     text, use->reason);
        notice_party(client->party, NOTIFY_USE, "SSH key \"%s\" used by %s: %s", comment_of(use),
                     client->party->name, text);
    }
    end_use(use, frame, w.len);
}

static void submit(struct use *use)
{
    struct client *client = use->client;
    struct wire_writer fields = keystore_fields(client, IPC_SIGN);

    put_u64(&fields, use->key);
    put_u32(&fields, use->flags);
    put_text(&fields, client->party->name);
    put_string(&fields, (struct view){use->approval, use->approval_taken ? 0 : use->approval_len});
    client->request.id = use->key;
    keystore_request(client, &fields, use->data, sign_done);
}

static void to_keystore(struct use *use, bool by_user)
{
    enum err err = use_recheck(use);

    if (err == OK) {
        err = use_count(use, by_user);
    }
    if (err != OK) {
        decided(use, err_text(err), "agent");
        refuse(use);
        return;
    }
    submit(use);
}

void sign_unsealed(struct use *use)
{
    enum err err = use_recheck(use);
    struct policy_decision now = use_decide(use); /* it may have been read again meanwhile */

    if (now.verdict == POLICY_DENY) {
        sign_settled(use, &now);
    } else if (err != OK) {
        sign_not_unsealed(use, err_text(err));
    } else {
        submit(use);
    }
}

void sign_not_unsealed(struct use *use, const char *why)
{
    decided(use, why, "agent");
    refuse(use);
}

void sign_settled(struct use *use, const struct policy_decision *decision)
{
    decided(use, decision->reason, "policy");
    if (decision->verdict == POLICY_ALLOW) {
        to_keystore(use, false);
    } else {
        refuse(use);
    }
}

static const char *verdict_text(enum prompt_verdict verdict)
{
    switch (verdict) {
    case PROMPT_DENY:
        return "the user said no";
    case PROMPT_ALLOW_ONCE:
        return "the user allowed it once";
    case PROMPT_ALLOW_WHILE:
        return "the user allowed it for a while";
    case PROMPT_TIMEOUT:
        return "nobody answered the question";
    case PROMPT_NO_DISPLAY:
        return "there is no display to ask on, and no askpass (split-ssh(1), status)";
    case PROMPT_FAILED:
        break;
    }
    return "the question could not be asked";
}

void sign_answered(struct use *use, const struct prompt_answer *answer)
{
    bool yes = answer->verdict == PROMPT_ALLOW_ONCE || answer->verdict == PROMPT_ALLOW_WHILE;

    decided(use, verdict_text(answer->verdict), answer->by);
    if (yes) {
        /* The policy may have been read again meanwhile. */
        struct policy_decision now = use_decide(use);

        if (now.verdict == POLICY_DENY) {
            sign_settled(use, &now);
            return;
        }
    }
    if (!yes) {
        refuse(use);
        return;
    }
    memcpy(use->approval, answer->approval.data, answer->approval.len);
    use->approval_len = answer->approval.len;
    if (answer->verdict == PROMPT_ALLOW_WHILE && use->seconds > 0) {
        use->remember_until = boottime_ms() + (uint64_t)use->seconds * 1000;
    }
    to_keystore(use, true);
}

void sign_abandoned(struct client *client)
{
    question_drop(client->use);
    unseal_drop(client->use);
    decided(client->use, "the client has gone", "client");
    if (write_audit(client->use, false) != OK) {
        report_party(client->party, "%s: %s", err_text(ERR_AUDIT), strerror(errno));
    }
    use_free(&client->use);
}

/* What a client is told does not depend on the policy: FAILURE, whatever the reason. */
void handle_sign(struct client *client)
{
    const struct identity *identity;
    struct policy_decision decision;
    struct sign_request sign;
    struct use *use = NULL;
    const char *why;
    enum err err = proto_sign_request(client_body(client), &sign);

    if (err != OK) {
        handle_failure(client, "sign", err);
        return;
    }
    identity = identity_find(&client->agent->identities, sign.key_blob);
    if (identity == NULL && await_key(client, sign.key_blob)) {
        return; /* and comes here again */
    }
    err = use_new(client, identity, sign.key_blob, sign.data, sign.flags, &use);
    if (use == NULL) {
        handle_failure(client, "sign", err);
        return;
    }
    client->use = use;
    if (err == OK && identity == NULL) {
        err = ERR_NOT_FOUND;
    }
    if (err != OK) {
        decided(use, err_text(err), "agent");
        refuse(use);
        return;
    }
    decision = use_decide(use);
    if (client->gone && decision.verdict != POLICY_DENY) {
        why = "the client has gone"; /* before its request had its turn */
    } else if (decision.verdict == POLICY_ASK) {
        why = question_ask(use);
    } else {
        sign_settled(use, &decision);
        return;
    }
    if (why != NULL) {
        decided(use, why, "agent");
        refuse(use);
    }
}
