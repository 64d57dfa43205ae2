/* SPDX-License-Identifier: BSD-2-Clause */
#include "handlers.h"

#include <stdlib.h>

#include "await.h"
#include "clock.h"
#include "control_ipc.h"
#include "expiry.h"
#include "grants.h"
#include "ipc.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "status.h"

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

/* May the client's connection, as it is bound, and its qube's policy see the key? */
static bool may_see(const struct identity *identity, const void *context)
{
    const struct client *client = context;
    const struct policy_key key = {
        .fingerprint = identity->sha256,
        .comment = identity->comment,
        .confirm = identity->confirm,
    };

    return constraints_permit(identity->constraints, client->bindings, NULL, wall_clock_s()) &&
           (!client->qrexec || policy_permits_key(&client->party->rules, &key));
}

static bool may_see_all(const struct client *client)
{
    return (!client->qrexec || client->party->rules.wait_for_key == 0) &&
           (!identity_any_constrained(&client->agent->identities) || client->bindings == NULL) &&
           (!client->qrexec || client->party->rules.keys->all);
}

/* What the client may see: also keys that will come back, where its policy waits for them. */
static struct answer *make_list(const struct client *client)
{
    const struct expected *expected = &client->agent->expected;
    struct listed_key others[EXPECTED_MAX];
    size_t count = 0;

    for (size_t i = 0; i < expected->count; i++) {
        if (await_may_see(client, &expected->list[i])) {
            others[count++] =
                (struct listed_key){expected->list[i].blob, expected->list[i].comment};
        }
    }
    return identity_answer_for(&client->agent->identities, may_see, client, others, count);
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
    answer = may_see_all(client) ? identity_answer(&client->agent->identities) : make_list(client);
    if (answer == NULL) {
        handle_failure(client, "list keys", ERR_NO_MEMORY);
        return;
    }
    client_answer_shared(client, answer);
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
    identity_remove(&client->agent->identities, id);
    put_u64(&fields, id);
    keystore_request(client, &fields, (struct view){0}, undo_done);
}

static void add_done(struct client *client, enum err err, struct view answer)
{
    struct wire_reader r = wire_reader(answer.data, answer.len);
    struct identity fields = {0};
    struct view destinations;

    identity_unreserve(&client->agent->identities, client->frame.body_len);
    if (err != OK) {
        handle_failure(client, "add a key", err);
        return;
    }
    fields.id = wire_u64(&r);
    fields.deadline = wire_u64(&r);
    fields.confirm = (wire_u8(&r) & IPC_KEY_CONFIRM) != 0;
    fields.blob = wire_string(&r, IPC_MAX);
    fields.comment = wire_string(&r, IPC_MAX);
    destinations = wire_string(&r, IPC_MAX);
    err = wire_end(&r);
    if (err == OK && destinations.len > 0) {
        err = constraints_parse(destinations, &fields.constraints);
    }
    if (err == OK) {
        err = identity_put(&client->agent->identities, &fields);
    }
    if (err != OK) {
        constraints_free(&fields.constraints);
        undo_add(client, fields.id, err);
        return;
    }
    grants_drop_key(fields.id);
    expiry_update();
    client_answer_status(client, AGENT_SUCCESS);
    await_added(client->agent, fields.blob);
}

void handle_add(struct client *client)
{
    struct wire_writer fields;

    if (!identity_reserve(&client->agent->identities, client->frame.body_len)) {
        handle_failure(client, "add a key", ERR_TOO_MANY);
        return;
    }
    fields = keystore_fields(client, IPC_ADD);
    put_u32(&fields, client->agent->number);
    put_u8(&fields, client_message(client) == AGENTC_ADD_ID_CONSTRAINED);
    put_u32(&fields, default_life);
    keystore_request(client, &fields, client_body(client), add_done);
}

/* KeePassXC removes its keys one by one when it locks, and brings them again. */
static void expect_back(struct agent *agent, uint64_t id)
{
    const struct identity *identity = identity_find_id(&agent->identities, id);

    if (identity != NULL && identity->path == NULL && identity->constraints == NULL) {
        /* Without room it is not waited for. */
        (void)!expected_put(&agent->expected, identity->blob, identity->comment);
    }
}

static void remove_done(struct client *client, enum err err, struct view answer)
{
    (void)answer;
    /* Not found: it expired in the keystore a moment ago. It is gone, which is what was asked. */
    if (err == OK || err == ERR_NOT_FOUND) {
        expect_back(client->agent, client->request.id);
        identity_remove(&client->agent->identities, client->request.id);
        grants_drop_key(client->request.id);
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

    identity = err == OK ? identity_find(&client->agent->identities, blob) : NULL;
    if (err == OK && identity == NULL) {
        err = ERR_NOT_FOUND;
    }
    if (err == OK && !may_see(identity, client)) {
        err = ERR_DESTINATION;
    }
    if (err != OK) {
        handle_failure(client, "remove a key", err);
        return;
    }
    fields = keystore_fields(client, IPC_REMOVE);
    put_u64(&fields, identity->id);
    client->request.id = identity->id;
    keystore_request(client, &fields, (struct view){0}, remove_done);
}

static void remove_all_done(struct client *client, enum err err, struct view answer)
{
    const struct identity *identity;
    size_t at = 0;

    (void)answer;
    if (err != OK) {
        handle_failure(client, "remove all keys", err);
        return;
    }
    while ((identity = identity_next(&client->agent->identities, &at)) != NULL) {
        grants_drop_key(identity->id);
    }
    identity_remove_all(&client->agent->identities);
    expected_forget_all(&client->agent->expected);
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
    put_u32(&fields, client->agent->number);
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
    bool local; /* only for programs in the vault */
    void (*handle)(struct client *client, struct view body);
} extensions[] = {
    {"query", false, extension_query},
    {"session-bind@openssh.com", false, extension_session_bind},
    {CONTROL_STATUS, true, status_status},
    {CONTROL_CHECK, true, status_check},
    {CONTROL_GRANTS, true, status_grants},
    {CONTROL_REVOKE, true, status_revoke},
    {CONTROL_POLICY_TEST, true, status_policy_test},
    {CONTROL_LIST, true, status_list},
    {CONTROL_RELOAD, true, status_reload},
};

static bool may_use(const struct client *client, size_t i)
{
    return !extensions[i].local || !client->qrexec;
}

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
        if (may_use(client, i)) {
            put_text(&w, extensions[i].name);
        }
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
        if (may_use(client, i) && view_is(extension.name, extensions[i].name)) {
            extensions[i].handle(client, extension.body);
            return;
        }
    }
    /* FAILURE means "no such extension"; EXTENSION_FAILURE is one that did not succeed. */
    debug("%s: unknown extension", party_label(client->party));
    client_answer_status(client, AGENT_FAILURE);
}
