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

#define INTAKE_STALL_MS 2000U

static struct client_queue parked = TAILQ_HEAD_INITIALIZER(parked);
static struct client *intake_users[INTAKE_BUFFERS];

/* How many bytes came; 0 for none now, or a client that is closed by that. */
static size_t receive(struct client *client, struct room room, int flags)
{
    ssize_t n = recv(client->source.fd, room.at, room.len, flags);

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
    size_t n = receive(client, (struct room){(uint8_t *)bytes, sizeof bytes}, MSG_PEEK);
    size_t len = descriptor_end(bytes, n);

    if (n == 0) {
        return false;
    }
    if (len == n && (n == sizeof bytes || client->hangup)) {
        end(client, "no descriptor of qrexec");
        return false;
    }
    if (len == n) {
        client->readable = false;
        return false;
    }
    if (receive(client, (struct room){(uint8_t *)bytes, len + 1}, 0) == 0) {
        return false;
    }
    identify(client, bytes, len);
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
    struct assembly *frame = &client->frame;
    enum err err = header_add(frame, receive(client, header_room(frame), 0));

    if (err != OK) {
        end(client, err == ERR_TOO_BIG ? "frame longer than 256 KiB" : "empty frame");
        return false;
    }
    if (frame->header_have < FRAME_HEADER) {
        return false;
    }
    client->body_kind = dispatch_body(client, client_message(client));
    client->state = CLIENT_BODY;
    return frame->body_len == 0 ? whole(client) : false;
}

/* Bodies with secrets: false when all buffers are taken, until one comes back. */
static bool take_intake(struct client *client)
{
    uint8_t *buffer;

    if (client->frame.body != NULL) {
        return true;
    }
    buffer = intake_take();
    if (buffer == NULL) {
        TAILQ_INSERT_TAIL(&parked, client, ready_link);
        client->is_parked = true;
        return false;
    }
    body_place(&client->frame, buffer, FRAME_MAX);
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
    size_t cap = body_next_cap(&client->frame);
    uint8_t *body;

    if (cap == client->frame.body_cap) {
        return true;
    }
    body = realloc(client->frame.body, cap);
    if (body == NULL) {
        end(client, "out of memory");
        return false;
    }
    body_place(&client->frame, body, cap);
    return true;
}

static bool drop_body(struct client *client)
{
    struct room scrap = body_scrap(&client->frame, intake_scrap(), INTAKE_SCRAP);
    size_t n = receive(client, scrap, 0);

    sodium_memzero(scrap.at, n);
    return body_add(&client->frame, n) && whole(client);
}

static bool read_body(struct client *client)
{
    if (client->body_kind == BODY_DROP) {
        return drop_body(client);
    }
    if (client->body_kind == BODY_SECRET ? !take_intake(client) : !grow(client)) {
        return false;
    }
    return body_add(&client->frame, receive(client, body_room(&client->frame), 0)) && whole(client);
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

    intake_give(client->frame.body, client->frame.body_have);
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
    if (client->frame.body == NULL) {
        return;
    }
    if (client->body_kind == BODY_SECRET) {
        give_intake(client);
    } else {
        free(client->frame.body);
    }
    body_forget(&client->frame);
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
