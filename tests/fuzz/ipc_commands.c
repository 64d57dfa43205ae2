/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc_peers.h"

#define LIFE_MS 5000U /* of an approval */

/* What an approval is of; others than the first two are none. */
enum approving { WITHOUT, RIGHT_ONCE, RIGHT_WHILE, OF_OTHER_DATA, USED_BEFORE, OVER, APPROVINGS };

/* A frame that the coming calls of poll() send. */
static void queue(const struct wire_writer *w)
{
    CHECK(w->err == OK);
    peer.out_len = w->len;
    peer.out_sent = 0;
}

static struct wire_writer begin_frame(uint8_t op)
{
    struct wire_writer w = wire_writer(peer.out, sizeof peer.out);

    put_u32(&w, 0);
    put_u8(&w, op);
    return w;
}

static void send_request(struct wire_writer *w, const struct model_request *request)
{
    store_u32(peer.out, (uint32_t)w->len - 4);
    model_request(request);
    queue(w);
}

/* What the agent sends here is not what ours would, so its answers are not known. */
static void send_lost(struct wire_writer *w)
{
    peer.may_break = true;
    model_lose();
    queue(w);
}

static void do_raw(struct wire_reader *r, bool framed)
{
    struct view bytes = wire_rest(r);
    struct wire_writer w = wire_writer(peer.out, sizeof peer.out);

    if (framed) {
        put_u32(&w, (uint32_t)bytes.len);
    }
    put_bytes(&w, bytes.data, bytes.len);
    send_lost(&w);
}

static void do_add(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_ADD, .agent = wire_u8(r) % 2U};
    struct wire_writer w = begin_frame(request.op);
    struct view message;

    put_u32(&w, request.agent);
    put_u8(&w, wire_u8(r));
    put_u32(&w, wire_u32(r));
    message = wire_rest(r);
    put_bytes(&w, message.data, message.len);
    send_request(&w, &request);
}

/* Writes an approval as the prompt makes it; returns its kind if it is a right one. */
static uint8_t put_approving(struct wire_writer *w, const struct approval_subject *asked,
                             enum approving how)
{
    struct approval_subject subject = *asked;
    struct approval approval = {.kind = how == RIGHT_WHILE ? APPROVAL_WHILE : APPROVAL_ONCE,
                                .expiry = now_ms + LIFE_MS};
    struct wire_writer copy = wire_writer(peer.used, sizeof peer.used);

    if (how == USED_BEFORE) {
        put_string(w, (struct view){peer.used, peer.used_len});
        return 0;
    }
    approval.expiry -= how == OVER ? LIFE_MS : 0;
    if (how == OF_OTHER_DATA) {
        subject.data.len -= subject.data.len > 0 ? 1 : 0;
        subject.qube = model_qube(subject.qube.len == 0 ? 1 : 0);
    }
    if (how == WITHOUT ||
        !approval_mac(token_key, &subject, approval.kind, approval.expiry, approval.mac)) {
        put_text(w, "");
        return 0;
    }
    put_approval(&copy, &approval);
    peer.used_len = copy.len;
    put_string(w, wire_written(&copy));
    return how <= RIGHT_WHILE || asked->data.len == 0 ? approval.kind : 0;
}

static void do_sign(struct wire_reader *r)
{
    const struct model_key *key = model_key(wire_u8(r));
    struct model_request request = {.op = IPC_SIGN, .id = key->id, .flags = wire_u32(r)};
    struct wire_writer w = begin_frame(request.op);
    struct approval_subject subject = {.key_blob = {key->blob, key->blob_len}};
    enum approving how;

    request.qube = wire_u8(r) % MODEL_QUBES;
    how = wire_u8(r) % APPROVINGS;
    request.data = wire_rest(r);
    subject.qube = model_qube(request.qube);
    subject.data = request.data;
    put_u64(&w, request.id);
    put_u32(&w, request.flags);
    put_string(&w, subject.qube);
    request.approval = put_approving(&w, &subject, how);
    put_bytes(&w, request.data.data, request.data.len);
    send_request(&w, &request);
}

static void do_remove(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_REMOVE, .id = model_key(wire_u8(r))->id};
    struct wire_writer w = begin_frame(request.op);

    put_u64(&w, request.id);
    send_request(&w, &request);
}

static void do_remove_all(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_REMOVE_ALL, .agent = wire_u8(r) % 2U};
    struct wire_writer w = begin_frame(request.op);

    put_u32(&w, request.agent);
    send_request(&w, &request);
}

static void do_expire(void)
{
    const struct model_request request = {.op = IPC_EXPIRE};
    struct wire_writer w = begin_frame(request.op);

    send_request(&w, &request);
}

static void do_passphrase_op(struct wire_reader *r, uint8_t op)
{
    struct model_request request = {.op = op, .passphrase = wire_rest(r)};
    struct wire_writer w = begin_frame(request.op);

    request.passphrase.len = request.passphrase.len < PASSPHRASE_MAX ? request.passphrase.len : 0;
    put_string(&w, request.passphrase);
    send_request(&w, &request);
}

static void do_revoke(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_REVOKE, .all = wire_bool(r)};
    struct wire_writer w = begin_frame(request.op);

    request.qube = wire_u8(r) % MODEL_QUBES;
    put_u8(&w, request.all);
    put_string(&w, model_qube(request.qube));
    send_request(&w, &request);
}

/* Tickets that were sent, the newest first. */
static uint64_t ticket_number(struct wire_reader *r)
{
    uint64_t back = wire_u8(r);

    return last_ticket - peer.first_ticket > back ? last_ticket - back : peer.first_ticket;
}

static void do_ticket(struct wire_reader *r, uint8_t type)
{
    static uint8_t bytes[SIDE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    enum side_descriptor kind = wire_u8(r) % SIDE_SOCKET;

    put_u8(&w, type);
    put_u64(&w, ++last_ticket);
    if (type == SIDE_FILE) {
        put_u8(&w, wire_u8(r));
        put_u32(&w, wire_u32(r));
        put_string(&w, wire_string(r, CERTIFICATE_MAX));
        put_string(&w, wire_string(r, CERTIFICATE_MAX));
        put_string(&w, wire_string(r, SIDE_COMMENT_MAX));
    }
    if (r->err != OK || w.err != OK) {
        return;
    }
    side_expect(last_ticket);
    side_send(wire_written(&w), kind, wire_rest(r));
}

static void do_add_file(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_ADD_FILE, .agent = wire_u8(r) % 2U};
    struct wire_writer w = begin_frame(request.op);

    put_u32(&w, request.agent);
    put_u64(&w, ticket_number(r));
    put_u32(&w, wire_u32(r));
    send_request(&w, &request);
}

static void do_unseal(struct wire_reader *r)
{
    struct model_request request = {.op = IPC_UNSEAL, .id = model_key(wire_u8(r))->id};
    struct wire_writer w = begin_frame(request.op);

    put_u64(&w, request.id);
    put_u64(&w, ticket_number(r));
    send_request(&w, &request);
}

static void do_drop(struct wire_reader *r)
{
    uint8_t bytes[16];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_DROP);
    put_u64(&w, ticket_number(r));
    side_send(wire_written(&w), SIDE_ABSENT, (struct view){0});
}

static void do_packet(struct wire_reader *r)
{
    enum side_descriptor kind = wire_u8(r) % SIDE_DESCRIPTORS;
    struct view packet = wire_rest(r);
    struct wire_reader inside = wire_reader(packet.data, packet.len);

    wire_u8(&inside);
    side_expect(wire_u64(&inside));
    peer.may_break = true;
    side_send(packet, kind, packet);
}

/* What comes over the side channel. */
static void do_side(uint8_t command, struct wire_reader *r)
{
    switch (command) {
    case DO_FILE:
    case DO_PASSPHRASE:
        do_ticket(r, command == DO_FILE ? SIDE_FILE : SIDE_PASSPHRASE);
        break;
    case DO_DROP:
        do_drop(r);
        break;
    case DO_PACKET:
        do_packet(r);
        break;
    default:
        break;
    }
}

/* What the agent asks of keys. */
static void do_key_request(uint8_t command, struct wire_reader *r)
{
    switch (command) {
    case DO_ADD:
        do_add(r);
        break;
    case DO_ADD_FILE:
        do_add_file(r);
        break;
    case DO_SIGN:
        do_sign(r);
        break;
    case DO_UNSEAL:
        do_unseal(r);
        break;
    case DO_REMOVE:
        do_remove(r);
        break;
    case DO_REMOVE_ALL:
        do_remove_all(r);
        break;
    default:
        do_side(command, r);
        break;
    }
}

void ipc_command(struct wire_reader *r)
{
    uint8_t command = wire_u8(r);

    switch (command) {
    case DO_RAW:
    case DO_REQUEST:
        do_raw(r, command == DO_REQUEST);
        break;
    case DO_EXPIRE:
        do_expire();
        break;
    case DO_LOCK:
    case DO_UNLOCK:
        do_passphrase_op(r, command == DO_LOCK ? IPC_LOCK : IPC_UNLOCK);
        break;
    case DO_REVOKE:
        do_revoke(r);
        break;
    case DO_WAIT:
        now_ms += wire_u32(r) % (DAY_MS / 24);
        break;
    case DO_CUT:
        peer.cut = wire_u8(r);
        break;
    case DO_SETTLE:
        peer.settles = true;
        break;
    default:
        do_key_request(command, r);
        break;
    }
}
