/* SPDX-License-Identifier: BSD-2-Clause */
#include "connection.h"

#include <errno.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents.h"
#include "client.h"
#include "purpose.h"

#define SEND_MAX  ((size_t)2 * FRAME_MAX)
#define REQUESTS  256U
#define SMALL     1U /* the kernel makes it the least that there is */
#define READ_ONCE 4096U

struct request {
    uint8_t message;
    size_t body, body_len; /* in what was sent */
    bool has_bound;        /* a session */
};

struct connection {
    struct outgoing out;
    size_t parsed; /* bytes that belong to whole frames */
    struct request requests[REQUESTS];
    size_t requested, answered;
    size_t have; /* of in */
    bool is_open;
    bool qrexec;
    bool reads;
    bool closes;     /* wrote something after which the agent has to close */
    bool is_shut;    /* writes no more */
    bool identified; /* the descriptor is whole */
    bool never;      /* a qube that may see no key */
    uint8_t in[4 + FRAME_MAX];
    uint8_t sent_bytes[SEND_MAX];
};

static struct connection connections[CONNECTIONS];
static size_t cut;

void connection_cut(size_t most)
{
    cut = most;
}

void connection_close(size_t number)
{
    struct connection *c = &connections[number % CONNECTIONS];

    if (c->is_open) {
        close(c->out.fd);
        c->is_open = false;
    }
}

void connection_open(size_t number, bool qrexec, bool small)
{
    const int size = SMALL;
    struct connection *c = &connections[number % CONNECTIONS];
    int fds[2];

    connection_close(number);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    if (small) {
        CHECK(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    }
    c->out = (struct outgoing){.fd = fds[1], .bytes = c->sent_bytes, .cap = SEND_MAX};
    c->is_open = true;
    c->reads = true;
    c->qrexec = qrexec;
    c->identified = !qrexec;
    c->never = false;
    c->is_shut = false;
    c->closes = false;
    c->parsed = 0;
    c->requested = 0;
    c->answered = 0;
    c->have = 0;
    CHECK(client_accept(fds[0], qrexec, qrexec ? NULL : agents_first()));
}

void connection_stop_reading(size_t number, bool stop)
{
    connections[number % CONNECTIONS].reads = !stop;
}

void connection_shutdown(size_t number)
{
    struct connection *c = &connections[number % CONNECTIONS];

    if (c->is_open) {
        c->is_shut = true;
    }
}

/* qrexec's, up to its NUL. */
static bool find_descriptor(struct connection *c)
{
    static const char never[] = " never";
    const uint8_t *nul = memchr(c->out.bytes, '\0', c->out.len);
    size_t len = nul != NULL ? (size_t)(nul - c->out.bytes) : 0;

    if (nul == NULL) {
        return false;
    }
    c->identified = true;
    c->parsed = len + 1;
    c->never = memmem(c->out.bytes, len, never, strlen(never)) != NULL;
    return true;
}

/* Frames that are whole in what is sent; after one that is none there are no more. */
static void find_requests(struct connection *c)
{
    while (c->out.len - c->parsed >= 5 && !c->closes && (c->identified || find_descriptor(c))) {
        const uint8_t *at = c->out.bytes + c->parsed;
        size_t left = c->out.len - c->parsed;
        size_t len = left >= 4 ? load_u32(at) : 1;

        c->closes = len == 0 || len > FRAME_MAX || c->requested == REQUESTS;
        if (c->closes || left < 5 || len > left - 4) {
            return;
        }
        c->requests[c->requested++] = (struct request){at[4], c->parsed + 5, len - 1, false};
        c->parsed += 4 + len;
        if (!c->qrexec) {
            keystore_expect(at[4]);
        }
    }
}

void connection_send(size_t number, struct view bytes)
{
    struct connection *c = &connections[number % CONNECTIONS];
    size_t room = SEND_MAX - c->out.len;

    if (!c->is_open || c->is_shut) {
        return;
    }
    bytes.len = bytes.len < room ? bytes.len : room;
    if (bytes.len > 0) {
        memcpy(c->out.bytes + c->out.len, bytes.data, bytes.len);
    }
    c->out.len += bytes.len;
    find_requests(c);
}

static void check_list(const struct connection *c, struct wire_reader *r)
{
    uint32_t keys = wire_u32(r);

    CHECK(!c->never || keys == 0);
    while (keys-- > 0) {
        CHECK(wire_string(r, FRAME_MAX).len > 0);
        wire_string(r, FRAME_MAX);
        CHECK(r->err == OK);
    }
    CHECK(wire_end(r) == OK);
}

static struct wire_reader body_of(const struct connection *c, const struct request *request)
{
    return wire_reader(c->out.bytes + request->body, request->body_len);
}

/* The host key that was bound to this session here; empty if none was. */
static struct view bound_host(const struct connection *c, struct view session)
{
    for (size_t i = 0; i < c->answered; i++) {
        struct wire_reader r = body_of(c, &c->requests[i]);
        struct view host_key;

        wire_string(&r, FRAME_MAX); /* the extension's name */
        host_key = wire_string(&r, FRAME_MAX);
        if (c->requests[i].has_bound && view_equal(wire_string(&r, FRAME_MAX), session)) {
            return host_key;
        }
    }
    return (struct view){0};
}

/* A key that has destinations only logs in, where a host has proved to be one of these. */
static void check_destination(const struct connection *c, const struct sign_request *sign)
{
    static const char certificate[] = "-cert-v01@"; /* its authority is there instead */
    struct view destinations = limit_of(sign->key_blob);
    struct purpose purpose = purpose_parse(sign->data, sign->key_blob);
    struct view host;

    if (destinations.len == 0) {
        return;
    }
    CHECK(purpose.kind == PURPOSE_LOGIN);
    host = bound_host(c, purpose.session_id);
    CHECK(host.len > 0 && (purpose.host_key.len == 0 || view_equal(purpose.host_key, host)));
    CHECK(memmem(host.data, host.len, certificate, strlen(certificate)) != NULL ||
          memmem(destinations.data, destinations.len, host.data, host.len) != NULL);
}

static void check_signature(const struct connection *c, const struct request *request,
                            struct wire_reader *r)
{
    struct wire_reader body = body_of(c, request);
    struct sign_request sign;

    CHECK(!c->never);
    CHECK(proto_sign_request(wire_rest(&body), &sign) == OK);
    CHECK(keystore_has_signed(sign.data, wire_rest(r)));
    check_destination(c, &sign);
    audit_signature();
}

static bool is_bind(const struct connection *c, const struct request *request)
{
    struct wire_reader r = body_of(c, request);

    return request->message == AGENTC_EXTENSION &&
           view_is(wire_string(&r, FRAME_MAX), "session-bind@openssh.com");
}

/* What may be said to this message: FAILURE to all. */
static void check_answer(const struct connection *c, struct request *request, struct view answer)
{
    struct wire_reader r = wire_reader(answer.data, answer.len);
    uint8_t type = wire_u8(&r);

    if (type == AGENT_IDENTITIES_ANSWER) {
        CHECK(request->message == AGENTC_REQUEST_IDENTITIES);
        check_list(c, &r);
    } else if (type == AGENT_SIGN_RESPONSE) {
        CHECK(request->message == AGENTC_SIGN_REQUEST);
        check_signature(c, request, &r);
    } else if (type == AGENT_EXTENSION_RESPONSE) {
        CHECK(request->message == AGENTC_EXTENSION && wire_string(&r, FRAME_MAX).len > 0);
    } else {
        CHECK(type == AGENT_FAILURE || type == AGENT_SUCCESS ||
              (type == AGENT_EXTENSION_FAILURE && request->message == AGENTC_EXTENSION));
        CHECK(r.left == 0);
        CHECK(type != AGENT_SUCCESS || !c->qrexec || request->message == AGENTC_EXTENSION);
        request->has_bound = type == AGENT_SUCCESS && is_bind(c, request);
    }
}

static void take_answers(struct connection *c)
{
    size_t len;

    while (c->have >= 4 && c->have >= (len = 4 + (size_t)load_u32(c->in))) {
        CHECK(len > 4);
        CHECK(c->answered < c->requested);
        check_answer(c, &c->requests[c->answered++], (struct view){c->in + 4, len - 4});
        c->have -= len;
        memmove(c->in, c->in + len, c->have);
    }
    CHECK(c->have < sizeof c->in);
}

static void read_some(struct connection *c)
{
    ssize_t n;

    do {
        n = recv(c->out.fd, c->in + c->have, sizeof c->in - c->have, MSG_DONTWAIT);
        if (n > 0) {
            c->have += (size_t)n;
            take_answers(c);
        }
    } while (n > 0);
    if (n == 0 || errno != EAGAIN) {
        close(c->out.fd); /* the agent has closed it, and may */
        c->is_open = false;
    }
}

void connection_turn(void)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &connections[i];

        if (c->is_open && outgoing_send(&c->out, cut) && c->is_shut && c->out.sent == c->out.len) {
            shutdown(c->out.fd, SHUT_WR);
        }
        if (c->is_open && c->reads) {
            read_some(c);
        }
    }
}

bool connection_any_waits(void)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *c = &connections[i];

        if (c->is_open && (c->answered < c->requested || c->closes || c->out.sent < c->out.len)) {
            return true;
        }
    }
    return false;
}
