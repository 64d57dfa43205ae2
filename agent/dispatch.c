/* SPDX-License-Identifier: BSD-2-Clause */
#include "dispatch.h"

#include "expiry.h"
#include "handlers.h"
#include "keystore_client.h"
#include "lock_state.h"

enum sender { FROM_LOCAL = 1, FROM_QUBE = 2, FROM_ANY = 3 };

static const char no_pkcs11[] = "PKCS#11 is not supported";

/*
 * Who may send what. A pair that is not here is refused with FAILURE, and the body of a message
 * that is refused is thrown away as it comes.
 */
static const struct rule {
    uint8_t message;
    enum sender from;
    enum client_body body;
    bool while_locked;
    const char *action; /* "refused to ..." */
    const char *why;    /* where nobody may */
    void (*handle)(struct client *client);
} rules[] = {
    {AGENTC_REQUEST_IDENTITIES, FROM_ANY, BODY_KEEP, true, "list keys", NULL, handle_list},
    {AGENTC_SIGN_REQUEST, FROM_ANY, BODY_KEEP, false, "sign", NULL, handle_sign},
    {AGENTC_ADD_IDENTITY, FROM_LOCAL, BODY_SECRET, false, "add a key", NULL, handle_add},
    {AGENTC_ADD_ID_CONSTRAINED, FROM_LOCAL, BODY_SECRET, false, "add a key", NULL, handle_add},
    {AGENTC_REMOVE_IDENTITY, FROM_LOCAL, BODY_KEEP, false, "remove a key", NULL, handle_remove},
    {AGENTC_REMOVE_ALL_IDENTITIES, FROM_LOCAL, BODY_KEEP, false, "remove all keys", NULL,
     handle_remove_all},
    {AGENTC_LOCK, FROM_LOCAL, BODY_SECRET, false, "lock", NULL, handle_lock},
    {AGENTC_UNLOCK, FROM_LOCAL, BODY_SECRET, true, "unlock", NULL, handle_unlock},
    {AGENTC_EXTENSION, FROM_ANY, BODY_KEEP, true, "run an extension", NULL, handle_extension},
    /* Nobody may. A PKCS#11 provider is code from elsewhere, which the vault does not run. */
    {AGENTC_ADD_SMARTCARD_KEY, 0, BODY_DROP, false, "load a PKCS#11 provider", no_pkcs11, NULL},
    {AGENTC_ADD_SMARTCARD_KEY_CONSTRAINED, 0, BODY_DROP, false, "load a PKCS#11 provider",
     no_pkcs11, NULL},
    {AGENTC_REMOVE_SMARTCARD_KEY, 0, BODY_DROP, false, "remove a PKCS#11 provider", no_pkcs11,
     NULL},
    {AGENTC_REMOVE_ALL_RSA_IDENTITIES, 0, BODY_DROP, false, "remove all keys of SSH-1",
     "there are none; ssh-add -D asks for it beside the others", NULL},
};

static const struct rule *find_rule(uint8_t message)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].message == message) {
            return &rules[i];
        }
    }
    return NULL;
}

/* The policy may have been read again since the descriptor. */
static bool may_use_agent(const struct client *client)
{
    return !client->qrexec || policy_permits_agent(&client->party->rules, client->agent_name);
}

static bool may_send(const struct client *client, const struct rule *rule)
{
    return !client->refused && may_use_agent(client) && rule != NULL &&
           (rule->from & (client->qrexec ? FROM_QUBE : FROM_LOCAL)) != 0;
}

static bool is_locked_for(const struct rule *rule)
{
    return lock_state_is_locked() && !rule->while_locked;
}

enum client_body dispatch_body(const struct client *client, uint8_t message)
{
    const struct rule *rule = find_rule(message);

    return may_send(client, rule) && !is_locked_for(rule) ? rule->body : BODY_DROP;
}

static void refuse(struct client *client, const struct rule *rule)
{
    if (client->refused) {
        client->last_answer = true; /* was reported with the descriptor */
    } else if (!may_use_agent(client)) {
        client->last_answer = true;
        report_party(client->party, "its policy does not allow its agent any more; refused");
    } else if (rule == NULL) {
        report_party(client->party, "refused message %u: not known", client_message(client));
    } else {
        report_party(client->party, "refused to %s: %s", rule->action,
                     rule->why != NULL ? rule->why : "only programs in the vault may");
    }
    client_answer_status(client, AGENT_FAILURE);
}

void dispatch(struct client *client)
{
    const struct rule *rule = find_rule(client_message(client));

    if (!may_send(client, rule)) {
        refuse(client, rule);
        return;
    }
    expiry_check();
    /* A body that was thrown away while the agent was locked stays refused. */
    if (is_locked_for(rule) || client->body_kind != rule->body) {
        report_party(client->party, "refused to %s: %s", rule->action, err_text(ERR_LOCKED));
        client_answer_status(client, AGENT_FAILURE);
        return;
    }
    rule->handle(client);
}
