/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"
#include "dispatch.h"
#include "intake.h"
#include "log.h"
#include "notices.h"
#include "peer.h"

#define BODY_FIRST_CAP  4096U /* a length that a peer claims gets no more than this at first */
#define BODY_GROWTH     4U
#define INTAKE_STALL_MS 2000U

static struct client_queue parked = TAILQ_HEAD_INITIALIZER(parked);
static struct client *intake_users[INTAKE_BUFFERS];

/* How many bytes came; 0 for none now, or a client that is closed by that. */
static size_t receive(struct client *client, void *buffer, size_t len, int flags)
{
    ssize_t n = recv(client->source.fd, buffer, len, flags);

    if (n > 0) {
        return (size_t)n;
    }
    if (n < 0 && errno == EAGAIN) {
        client->readable = false;
    } else if (n == 0 || errno != EINTR) {
        client_close(client);
    }
    return 0;
}

static void end(struct client *client, const char *why)
{
    report_party(client->party, "%s; connection closed", why);
    client_close(client);
}

static void find_agent(struct client *client, const char *argument)
{
    struct party *party = client->party;

    client->agent = agents_find(argument);
    client->agent_name = argument[0] == '\0' || client->agent == NULL ? "" : client->agent->name;
    client->refused =
        client->agent == NULL || !policy_permits_agent(&party->rules, client->agent_name);
    if (client->agent == NULL) {
        report_party(party, "asks for the agent \"%s\", which is not here; refused", argument);
    } else if (client->refused) {
        report_party(party, "asks for the agent \"%s\", which its policy does not allow; refused",
                     argument[0] != '\0' ? argument : "default");
    } else {
        notice_party(party, NOTIFY_CONNECTION, "%s has connected", party_label(party));
    }
}

static void identify(struct client *client, const char *descriptor, size_t len)
{
    char clean[DESCRIPTOR_MAX + 1];
    struct caller caller;
    struct party *party;

    if (peer_parse(descriptor, len, &caller) != OK) {
        report_party(client->party, "not a descriptor of %s: \"%s\"; connection closed",
                     QREXEC_SERVICE, log_clean(clean, sizeof clean, descriptor, len));
        client_close(client);
        return;
    }
    party = party_qube(caller.qube);
    if (party == NULL) {
        end(client, "no room for one more qube");
        return;
    }
    if (party->clients >= party->rules.connections) {
        report_party(party, "has %u connections already; one more closed", party->clients);
        client_close(client);
        return;
    }
    client_identify(client, party);
    find_agent(client, caller.argument);
    client->state = CLIENT_HEADER;
}

/* The first frame may be joined to it: look, then take exactly the descriptor. */
static bool read_descriptor(struct client *client)
{
    char bytes[DESCRIPTOR_MAX + 1];
    size_t n = receive(client, bytes, sizeof bytes, MSG_PEEK);
    const char *nul = memchr(bytes, '\0', n);

    if (n == 0) {
        return false;
    }
    if (nul == NULL && (n == sizeof bytes || client->hangup)) {
        end(client, "no descriptor of qrexec");
        return false;
    }
    if (nul == NULL) {
        client->readable = false;
        return false;
    }
    if (receive(client, bytes, (size_t)(nul - bytes) + 1, 0) == 0) {
        return false;
    }
    identify(client, bytes, (size_t)(nul - bytes));
    return false;
}

static bool whole(struct client *client)
{
    client_begin_request(client);
    dispatch(client);
    return true;
}

static bool read_header(struct client *client)
{
    size_t len;

    client->header_have += receive(client, client->header + client->header_have,
                                   CLIENT_HEADER_SIZE - client->header_have, 0);
    if (client->header_have < 4) {
        return false;
    }
    len = load_u32(client->header);
    if (len == 0 || len > FRAME_MAX) {
        end(client, len == 0 ? "empty frame" : "frame longer than 256 KiB");
        return false;
    }
    if (client->header_have < CLIENT_HEADER_SIZE) {
        return false;
    }
    client->body_kind = dispatch_body(client, client_message(client));
    client->body_len = len - 1;
    client->body_have = 0;
    client->state = CLIENT_BODY;
    return client->body_len == 0 ? whole(client) : false;
}

/* Bodies with secrets: false when all buffers are taken, until one comes back. */
static bool take_intake(struct client *client)
{
    if (client->body != NULL) {
        return true;
    }
    client->body = intake_take();
    if (client->body == NULL) {
        TAILQ_INSERT_TAIL(&parked, client, ready_link);
        client->is_parked = true;
        return false;
    }
    client->body_cap = FRAME_MAX;
    client->since = boottime_ms();
    for (size_t i = 0; i < INTAKE_BUFFERS; i++) {
        if (intake_users[i] == NULL) {
            intake_users[i] = client;
            break;
        }
    }
    return true;
}

/* Other bodies: memory grows with the bytes that have come, not with what the header says. */
static bool grow(struct client *client)
{
    size_t cap = client->body_cap == 0 ? BODY_FIRST_CAP : client->body_cap * BODY_GROWTH;
    uint8_t *body;

    if (client->body_have < client->body_cap) {
        return true;
    }
    cap = cap < client->body_len ? cap : client->body_len;
    body = realloc(client->body, cap);
    if (body == NULL) {
        end(client, "out of memory");
        return false;
    }
    client->body = body;
    client->body_cap = cap;
    return true;
}

static bool read_body(struct client *client)
{
    size_t left = client->body_len - client->body_have;
    size_t n;

    if (client->body_kind == BODY_DROP) {
        n = receive(client, intake_scrap(), left < INTAKE_SCRAP ? left : INTAKE_SCRAP, 0);
        sodium_memzero(intake_scrap(), n);
    } else {
        if (client->body_kind == BODY_SECRET ? !take_intake(client) : !grow(client)) {
            return false;
        }
        if (left > client->body_cap - client->body_have) {
            left = client->body_cap - client->body_have;
        }
        n = receive(client, client->body + client->body_have, left, 0);
    }
    client->body_have += n;
    return n > 0 && client->body_have == client->body_len ? whole(client) : false;
}

bool frame_step(struct client *client)
{
    /* Each says whether a frame was handled. */
    static bool (*const readers[])(struct client *) = {
        [CLIENT_DESCRIPTOR] = read_descriptor,
        [CLIENT_HEADER] = read_header,
        [CLIENT_BODY] = read_body,
    };

    const struct party *party = client->party;

    while (client->readable && !client->is_parked && client->state <= CLIENT_BODY) {
        if (readers[client->state](client)) {
            return true; /* now it is the next client's turn */
        }
        if (client->party != party) {
            client_make_ready(client); /* the frame is the qube's turn, not that of the unknown */
            return false;
        }
    }
    return false;
}

void frame_unpark(struct client *client)
{
    if (client->is_parked) {
        TAILQ_REMOVE(&parked, client, ready_link);
        client->is_parked = false;
    }
}

static void give_intake(struct client *client)
{
    struct client *next = TAILQ_FIRST(&parked);

    intake_give(client->body, client->body_have);
    for (size_t i = 0; i < INTAKE_BUFFERS; i++) {
        if (intake_users[i] == client) {
            intake_users[i] = NULL;
        }
    }
    if (next != NULL) {
        frame_unpark(next);
        client_make_ready(next);
    }
}

void frame_release(struct client *client)
{
    if (client->body == NULL) {
        return;
    }
    if (client->body_kind == BODY_SECRET) {
        give_intake(client);
    } else {
        free(client->body);
    }
    client->body = NULL;
    client->body_cap = 0;
    client->body_have = 0;
}

int frame_expire(uint64_t now)
{
    int next = -1;

    for (size_t i = 0; i < INTAKE_BUFFERS && !TAILQ_EMPTY(&parked); i++) {
        struct client *client = intake_users[i];

        if (client == NULL || client->state != CLIENT_BODY) {
            continue;
        }
        if (now >= client->since + INTAKE_STALL_MS) {
            end(client, "stopped in the middle of a key while others wait");
        } else if (next < 0 || client->since + INTAKE_STALL_MS - now < (uint64_t)next) {
            next = (int)(client->since + INTAKE_STALL_MS - now);
        }
    }
    return next;
}
