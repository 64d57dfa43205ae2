/* SPDX-License-Identifier: BSD-2-Clause */
#include "handlers.h"

#include <stdlib.h>

#include "expiry.h"
#include "ipc.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "log.h"

#define COMMENT_SHOWN 64U /* bytes of a comment in a log line */

static uint32_t default_life;

void handlers_init(const struct options *options)
{
    default_life = options->life;
}

void handle_failure(struct client *client, const char *action, enum err err)
{
    report_party(client->party, "refused to %s: %s", action, err_text(err));
    client->last_answer = err == ERR_MALFORMED || err == ERR_TOO_BIG;
    client_answer_status(client, AGENT_FAILURE);
}

void handle_list(struct client *client)
{
    static const uint8_t no_identities[] = {0, 0, 0, 5, AGENT_IDENTITIES_ANSWER, 0, 0, 0, 0};
    enum err err = proto_empty(client_body(client));
    struct answer *answer;

    if (err != OK) {
        handle_failure(client, "list keys", err);
        return;
    }
    if (lock_state_is_locked()) {
        client_answer_bytes(client, no_identities, sizeof no_identities);
        return;
    }
    answer = identity_answer();
    if (answer == NULL) {
        handle_failure(client, "list keys", ERR_NO_MEMORY);
        return;
    }
    client_answer_shared(client, answer);
}

static const char *comment_of(const struct identity *identity)
{
    static char clean[COMMENT_SHOWN + 1];

    return log_clean(clean, sizeof clean, identity->comment.data, identity->comment.len);
}

static void sign_done(struct client *client, enum err err, struct view answer)
{
    const struct identity *identity = identity_find_id(client->request.id);
    uint8_t frame[IPC_HEADER + 4 + SIGNATURE_MAX];
    struct wire_writer w = wire_writer(frame, sizeof frame);

    put_u32(&w, (uint32_t)answer.len + 1);
    put_u8(&w, AGENT_SIGN_RESPONSE);
    put_bytes(&w, answer.data, answer.len);
    err = err == OK ? w.err : err;
    if (err != OK) {
        report_party(client->party, "refused to sign with %s: %s",
                     identity != NULL ? identity->fingerprint : "a key that is gone",
                     err_text(err));
        client_answer_status(client, AGENT_FAILURE);
        return;
    }
    if (client->qrexec && identity != NULL) {
        report_party(client->party, "signed with %s (%s)", identity->fingerprint,
                     comment_of(identity));
    }
    client_answer_bytes(client, frame, w.len);
}

/* What the agent can say without the keystore; the keystore has checks of its own. */
static enum err may_sign(const struct client *client, const struct identity *identity,
                         uint32_t flags)
{
    const uint32_t sha2 = AGENT_RSA_SHA2_256 | AGENT_RSA_SHA2_512;

    if (client->bindings != NULL && client->bindings->failed) {
        return ERR_BOUND;
    }
    if (identity == NULL) {
        return ERR_NOT_FOUND;
    }
    if (client->qrexec && identity->kind == KEY_RSA && (flags & sha2) == 0) {
        return ERR_SHA1;
    }
    return OK;
}

void handle_sign(struct client *client)
{
    const struct identity *identity;
    struct sign_request sign;
    struct wire_writer fields;
    enum err err = proto_sign_request(client_body(client), &sign);

    if (err != OK) {
        handle_failure(client, "sign", err);
        return;
    }
    identity = identity_find(sign.key_blob);
    err = may_sign(client, identity, sign.flags);
    if (err != OK) {
        report_party(client->party, "refused to sign with %s: %s",
                     identity != NULL ? identity->fingerprint : "a key", err_text(err));
        client_answer_status(client, AGENT_FAILURE);
        return;
    }
    fields = keystore_fields(client, IPC_SIGN);
    put_u64(&fields, identity->id);
    put_u32(&fields, sign.flags);
    client->request.id = identity->id;
    keystore_request(client, &fields, sign.data, sign_done);
}

static void undo_done(struct client *client, enum err err, struct view answer)
{
    (void)err;
    (void)answer;
    client_answer_status(client, AGENT_FAILURE);
}

/* The keystore has the key, but it could not be listed: it must not stay there unseen. */
static void undo_add(struct client *client, uint64_t id, enum err err)
{
    struct wire_writer fields = keystore_fields(client, IPC_REMOVE);

    report_party(client->party, "refused to add a key: %s", err_text(err));
    identity_remove(id);
    put_u64(&fields, id);
    keystore_request(client, &fields, (struct view){0}, undo_done);
}

static void add_done(struct client *client, enum err err, struct view answer)
{
    struct wire_reader r = wire_reader(answer.data, answer.len);
    struct identity fields = {0};

    identity_unreserve(client->body_len);
    if (err != OK) {
        handle_failure(client, "add a key", err);
        return;
    }
    fields.id = wire_u64(&r);
    fields.deadline = wire_u64(&r);
    fields.confirm = (wire_u8(&r) & IPC_KEY_CONFIRM) != 0;
    fields.blob = wire_string(&r, IPC_MAX);
    fields.comment = wire_string(&r, IPC_MAX);
    err = wire_end(&r);
    if (err == OK) {
        err = identity_put(&fields);
    }
    if (err != OK) {
        undo_add(client, fields.id, err);
        return;
    }
    expiry_update();
    client_answer_status(client, AGENT_SUCCESS);
}

void handle_add(struct client *client)
{
    struct wire_writer fields;

    if (!identity_reserve(client->body_len)) {
        handle_failure(client, "add a key", ERR_TOO_MANY);
        return;
    }
    fields = keystore_fields(client, IPC_ADD);
    put_u8(&fields, client_message(client) == AGENTC_ADD_ID_CONSTRAINED);
    put_u32(&fields, default_life);
    keystore_request(client, &fields, client_body(client), add_done);
}

static void remove_done(struct client *client, enum err err, struct view answer)
{
    (void)answer;
    /* Not found: it expired in the keystore a moment ago. It is gone, which is what was asked. */
    if (err == OK || err == ERR_NOT_FOUND) {
        identity_remove(client->request.id);
        expiry_update();
        client_answer_status(client, AGENT_SUCCESS);
    } else {
        handle_failure(client, "remove a key", err);
    }
}

void handle_remove(struct client *client)
{
    const struct identity *identity;
    struct wire_writer fields;
    struct view blob;
    enum err err = proto_string(client_body(client), FRAME_MAX, &blob);

    identity = err == OK ? identity_find(blob) : NULL;
    if (identity == NULL) {
        handle_failure(client, "remove a key", err == OK ? ERR_NOT_FOUND : err);
        return;
    }
    fields = keystore_fields(client, IPC_REMOVE);
    put_u64(&fields, identity->id);
    client->request.id = identity->id;
    keystore_request(client, &fields, (struct view){0}, remove_done);
}

static void remove_all_done(struct client *client, enum err err, struct view answer)
{
    (void)answer;
    if (err != OK) {
        handle_failure(client, "remove all keys", err);
        return;
    }
    identity_remove_all();
    expiry_update();
    client_answer_status(client, AGENT_SUCCESS);
}

void handle_remove_all(struct client *client)
{
    struct wire_writer fields = keystore_fields(client, IPC_REMOVE_ALL);
    enum err err = proto_empty(client_body(client));

    if (err != OK) {
        handle_failure(client, "remove all keys", err);
        return;
    }
    keystore_request(client, &fields, (struct view){0}, remove_all_done);
}

/* OpenSSH's PROTOCOL.agent, section 1. */
static void extension_session_bind(struct client *client, struct view body)
{
    enum err err = ERR_NO_MEMORY;

    party_charge(client->party); /* the one request whose work the agent does itself */
    if (client->bindings == NULL) {
        client->bindings = calloc(1, sizeof *client->bindings);
    }
    if (client->bindings != NULL) {
        err = bind_record(client->bindings, body);
    }
    if (err != OK) {
        report_party(client->party, "refused to bind a session: %s", err_text(err));
    }
    client_answer_status(client, err == OK ? AGENT_SUCCESS : AGENT_EXTENSION_FAILURE);
}

static void extension_query(struct client *client, struct view body);

static const struct {
    const char *name;
    void (*handle)(struct client *client, struct view body);
} extensions[] = {
    {"query", extension_query},
    {"session-bind@openssh.com", extension_session_bind},
};

/* RFC 9987, section 3.8.1. */
static void extension_query(struct client *client, struct view body)
{
    uint8_t frame[256];
    struct wire_writer w = wire_writer(frame, sizeof frame);

    if (body.len != 0) {
        handle_failure(client, "answer a query", ERR_MALFORMED);
        return;
    }
    put_u32(&w, 0); /* the length, below */
    put_u8(&w, AGENT_EXTENSION_RESPONSE);
    put_text(&w, "query");
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        put_text(&w, extensions[i].name);
    }
    store_u32(frame, (uint32_t)w.len - 4);
    client_answer_bytes(client, frame, w.len);
}

void handle_extension(struct client *client)
{
    struct extension extension;
    enum err err = proto_extension(client_body(client), &extension);

    if (err != OK) {
        handle_failure(client, "run an extension", err);
        return;
    }
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        if (view_is(extension.name, extensions[i].name)) {
            extensions[i].handle(client, extension.body);
            return;
        }
    }
    /* FAILURE means "no such extension"; EXTENSION_FAILURE is one that did not succeed. */
    debug("%s: unknown extension", party_label(client->party));
    client_answer_status(client, AGENT_FAILURE);
}
