/* SPDX-License-Identifier: BSD-2-Clause */
/* What dom0 and the vault answer: first through the relay, and if that fails, without it. */
#include <stdio.h>
#include <string.h>

#include "check_client.h"
#include "check_client_call.h"
#include "check_run.h"
#include "connection.h"
#include "log.h"

/* The vault may have to start, and the user to say yes in dom0. */
#define ANSWER_TIMEOUT_MS 45000U
#define SECOND_TIMEOUT_MS 15000U /* once that has been waited for in vain */
#define POLICY_FILE       "/etc/qubes/policy.d/30-user.policy"

/* RFC 9987, section 5.1. */
#define AGENTC_REQUEST_IDENTITIES 11U
#define AGENT_IDENTITIES_ANSWER   12U

static const uint8_t list_bytes[] = {AGENTC_REQUEST_IDENTITIES};
static const struct view list_request = {list_bytes, sizeof list_bytes};

/* The lists of keys, without their type, for the steps that follow. */
static struct {
    const struct client_agent *agent;
    struct view list;
    uint8_t buffer[FRAME_MAX];
} answers[CLIENT_AGENTS_MAX];
static unsigned answer_count;

/* The vault's name for a command; "vault", as Qubes OS calls it, where only dom0 knows it. */
static const char *vault_name(const struct client_call *call)
{
    return call->target[0] == '@' ? "vault" : call->target;
}

static const char *another_name(const struct client_call *call)
{
    return call->target[0] == '@' ? " (put the name of yours in the place of \"vault\")" : "";
}

/* The first line that fits counts, so the new one goes before the others. */
static void dom0_refused(struct check *check, const struct client_call *call)
{
    bool any = strcmp(call->target, CALL_TARGET_ANY) == 0;

    check_wrong(
        check,
        "dom0 refused the call of %s to %s (126): the user said no there, or the policy does not "
        "allow it; if this qube may have the keys, the line for " POLICY_FILE
        "%s: qubes.SshAgent +%s %s %s allow%s%s",
        call->service, call->target, another_name(call), call->argument, check_qube_name(),
        call->target, any ? " target=" : "", any ? vault_name(call) : "");
    check_mend(check, CHECK_DOM0,
               "sudo sh -c 'f=" POLICY_FILE "; { echo \"qubes.SshAgent +%s %s %s allow%s%s\"; "
               "[ ! -e $f ] || cat $f; } >$f.new && mv $f.new $f'",
               call->argument, check_qube_name(), call->target, any ? " target=" : "",
               any ? vault_name(call) : "");
}

/* The service is off, or was turned on while the vault was running: it counts from its next start.
 */
static void mend_vault(struct check *check, const struct client_call *call)
{
    check_mend(check, CHECK_DOM0,
               "V=%s; qvm-service $V split-ssh-vault on && qvm-shutdown --wait $V && qvm-start $V",
               vault_name(call));
}

static void no_service(struct check *check, const struct client_call *call)
{
    check_wrong(check,
                "the vault has no service qubes.SshAgent (127): the package split-ssh-vault is not "
                "in its template, or its service split-ssh-vault is not on%s",
                another_name(call));
    mend_vault(check, call);
}

static void no_call(struct check *check, const struct client_call *call, const char *error)
{
    check_wrong(check,
                "qrexec could not make the call of %s to %s (125)%s%s: there is no such qube, it "
                "does not start, its service split-ssh-vault is not on, or its agent does not run: "
                "`split-ssh check` there says more%s",
                call->service, call->target, error[0] != '\0' ? ": " : "", error,
                another_name(call));
    mend_vault(check, call);
}

/* A call has ended without an answer. */
static void call_ended(struct check *check, const struct client_call *call,
                       const struct call_result *result)
{
    switch (result->status) {
    case QREXEC_DENIED:
        dom0_refused(check, call);
        return;
    case QREXEC_NO_SERVICE:
        no_service(check, call);
        return;
    case QREXEC_TROUBLE:
        no_call(check, call, result->error);
        return;
    case 0:
        check_wrong(check,
                    "the vault closed the connection without an answer: what is %s there is not "
                    "split-ssh-agent, it has no agent %s, or it has too many connections",
                    CALL_SERVICE, call->argument[0] != '\0' ? call->argument : CALL_AGENT_DEFAULT);
        break;
    default:
        check_wrong(check, "%s ended with status %d%s%s", QREXEC_CLIENT, result->status,
                    result->error[0] != '\0' ? ": " : "", result->error);
        break;
    }
    check_mend(check, CHECK_VAULT, "split-ssh check");
}

static void no_answer_in_time(struct check *check)
{
    check_wrong(check,
                "no answer for %u seconds: dom0 waits for a yes in its dialog, the vault still "
                "starts or waits for its session, or its agent is stopped",
                ANSWER_TIMEOUT_MS / 1000U);
    check_mend(check, CHECK_VAULT, "split-ssh check");
}

static bool is_list(struct view frame)
{
    return frame.len >= 5 && frame.data[0] == AGENT_IDENTITIES_ANSWER;
}

/* The relay had no list: is it the relay's fault, or that of who is behind it? */
static void find_fault(struct check *check, const struct client_agent *agent, unsigned timeout_ms,
                       const char *why)
{
    static uint8_t buffer[FRAME_MAX];
    struct view frame = {NULL, 0};
    struct call_result result;
    struct client_call call;
    char config_why[CLIENT_CONFIG_WHY];

    if (client_config_call(CONFIG_DIRECTORY, NULL, agent->name, &call, config_why) != OK) {
        check_wrong(check, "%s", config_why);
        return;
    }
    client_call(&call, list_request, timeout_ms, buffer, &frame, &result);
    if (result.end == CALL_FAILED) {
        check_wrong(check, "cannot start %s: %s", QREXEC_CLIENT, strerror(result.status));
    } else if (result.end == CALL_SILENT) {
        no_answer_in_time(check);
    } else if (result.end == CALL_ENDED) {
        call_ended(check, &call, &result);
    } else if (is_list(frame)) {
        check_wrong(check, "the vault answers a call, but split-ssh-relay on %s does not: %s",
                    agent->socket, why);
        check_mend(check, CHECK_HERE, "systemctl --user restart split-ssh-relay@%s.service",
                   agent->name);
    } else {
        check_wrong(check,
                    "the vault refuses to list the keys of the agent %s: split-ssh log there says "
                    "why",
                    call.argument[0] != '\0' ? call.argument : CALL_AGENT_DEFAULT);
        check_mend(check, CHECK_VAULT, "split-ssh log");
    }
}

static void ask(struct check *check, const struct client_agent *agent)
{
    uint8_t *buffer = answers[answer_count].buffer;
    char why[CONNECTION_WHY_MAX] = "it answers \"failure\"";
    struct view frame = {NULL, 0};
    enum err err;

    err = connection_ask(agent->socket, list_request, ANSWER_TIMEOUT_MS, buffer, &frame, why);
    if (err == OK && is_list(frame)) {
        answers[answer_count].agent = agent;
        answers[answer_count].list = (struct view){frame.data + 1, frame.len - 1};
        answer_count++;
        check_ok(check, "the vault answers on %s", agent->socket);
    } else {
        find_fault(check, agent,
                   err == ERR_SYSTEM && errno == ETIMEDOUT ? SECOND_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
                   why);
    }
}

void check_client_answer(struct check *check)
{
    const struct client_agents *agents = client_agents();

    log_line("calling the vault; if dom0 asks whether it may, say yes there");
    for (unsigned i = 0; i < agents->count; i++) {
        struct socket_look look;

        /* What is left over of an agent that systemd does not know has been said. */
        if (!agents->agent[i].unit) {
            socket_look(agents->agent[i].socket, &look);
        }
        if (agents->agent[i].unit || look.state == SOCKET_LISTENS) {
            ask(check, &agents->agent[i]);
        }
    }
}

/* Reads one key of a list. False at its end, or where it is malformed. */
static bool next_key(struct wire_reader *r, struct view *ret_blob, struct view *ret_comment)
{
    if (r->err != OK || r->left == 0) {
        return false;
    }
    *ret_blob = wire_string(r, FRAME_MAX);
    *ret_comment = wire_string(r, FRAME_MAX);
    return r->err == OK;
}

void check_client_keys(struct check *check)
{
    for (unsigned i = 0; i < answer_count; i++) {
        struct wire_reader r = wire_reader(answers[i].list.data, answers[i].list.len);
        const char *agent = answers[i].agent->name;
        uint32_t count = wire_u32(&r);
        struct view comment;
        struct view blob;
        uint32_t found = 0;

        while (next_key(&r, &blob, &comment)) {
            found++;
        }
        if (found != count || wire_end(&r) != OK) {
            check_wrong(check, "the vault's list of the keys of the agent %s is malformed", agent);
            check_mend(check, CHECK_VAULT, "split-ssh check");
        } else if (count > 0) {
            check_ok(check, "the agent %s has %u key%s", agent, (unsigned)count,
                     count > 1 ? "s" : "");
        } else {
            check_note(check,
                       "the agent %s has no keys for this qube: in the vault, put files into "
                       "~/.ssh/identities.d%s%s, unlock KeePassXC, or use ssh-add",
                       agent, strcmp(agent, CALL_AGENT_DEFAULT) == 0 ? "" : "/",
                       strcmp(agent, CALL_AGENT_DEFAULT) == 0 ? "" : agent);
            check_mend(check, CHECK_VAULT, "split-ssh add %s -c", agent);
        }
    }
}

bool client_find_key(struct client_key *ret)
{
    for (unsigned i = 0; i < answer_count; i++) {
        struct wire_reader r = wire_reader(answers[i].list.data, answers[i].list.len);
        struct view comment;
        struct view blob;

        (void)wire_u32(&r);
        while (next_key(&r, &blob, &comment)) {
            struct wire_reader key = wire_reader(blob.data, blob.len);
            struct view type = wire_string(&key, KEY_TYPE_MAX);

            if (key.err != OK || type.len == 0) {
                continue;
            }
            log_clean(ret->type, sizeof ret->type, type.data, type.len);
            if (strstr(ret->type, "-cert-") == NULL) {
                log_clean(ret->comment, sizeof ret->comment, comment.data, comment.len);
                ret->agent = answers[i].agent;
                ret->blob = blob;
                return true;
            }
        }
    }
    return false;
}
