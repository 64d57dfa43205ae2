/* SPDX-License-Identifier: BSD-2-Clause */
/* A keystore that holds no keys and signs with hashes; it knows what may be asked of it. */
#include "around_agent.h"

#include <sodium.h>
#include <sys/socket.h>

#include "approval.h"
#include "clock.h"
#include "connection.h"
#include "proto.h"
#include "reading.h"

#define KEYS        16U
#define BLOB_MAX    8192U
#define SIGNATURES  64U
#define HASH_SIZE   64U
#define SAID_MAX    512U
#define FRAME_BYTES (4 + IPC_MAX)

/* Each connection has one at most, and one more is under way for a connection that has gone. */
#define SIGNS_AT_ONCE (CONNECTIONS + 1U)

struct held {
    uint64_t id; /* 0: none */
    uint32_t agent;
    bool confirm, sealed;
    unsigned late; /* requests that the agent may have decided on before `confirm` */
    size_t blob_len;
    uint8_t blob[BLOB_MAX];
};

static uint8_t out_bytes[FRAME_BYTES + 64];
static struct {
    struct outgoing out;
    size_t cut;
    uint8_t in[FRAME_BYTES];
    size_t have;
    bool pending; /* a whole request */
    unsigned delay, wait;
    bool has_said, has_lied; /* the latter of a key */
    uint8_t said_err;
    uint8_t said[SAID_MAX];
    size_t said_len;
    struct held keys[KEYS];
    bool locked;
    uint64_t passphrase; /* its hash */
    uint64_t unsealing;  /* a key, whose UNSEALED follows; 0: none */
    enum err unsealed;
    struct {
        uint64_t data, signature;
    } signatures[SIGNATURES];
    size_t signatures_count;
    unsigned expected[256]; /* messages of local clients */
    unsigned asked[256];    /* requests */
} keystore = {.out = {.bytes = out_bytes, .cap = sizeof out_bytes}};

static uint64_t last_id;

/* A frame behind what is still to be sent; its length is known when it is ended. */
static struct wire_writer begin(uint8_t what)
{
    struct outgoing *out = &keystore.out;
    struct wire_writer w;

    memmove(out->bytes, out->bytes + out->sent, out->len - out->sent);
    out->len -= out->sent;
    out->sent = 0;
    w = wire_writer(out->bytes + out->len, out->cap - out->len);
    put_u32(&w, 0);
    put_u8(&w, what);
    return w;
}

static void end(struct wire_writer *w)
{
    CHECK(w->err == OK);
    store_u32(w->data, (uint32_t)w->len - 4);
    keystore.out.len += w->len;
}

void keystore_open(int fd)
{
    struct wire_writer w;

    keystore.out.fd = fd;
    w = begin(IPC_HELLO);
    put_text(&w, "memory");
    put_text(&w, "sandbox");
    end(&w);
    CHECK(outgoing_send(&keystore.out, 0));
}

void keystore_cut(size_t most)
{
    keystore.cut = most;
}

void keystore_say(uint8_t err, struct view body)
{
    keystore.has_said = true;
    keystore.said_err = err % (ERR_MAX + 1);
    keystore.said_len = body.len < SAID_MAX ? body.len : SAID_MAX;
    memcpy(keystore.said, body.len > 0 ? body.data : keystore.said, keystore.said_len);
}

void keystore_delay(unsigned turns)
{
    keystore.delay = turns;
}

bool keystore_is_idle(void)
{
    return !keystore.pending && keystore.have == 0 && keystore.out.sent == keystore.out.len &&
           keystore.unsealing == 0;
}

void keystore_reset(void)
{
    CHECK(keystore_is_idle() && !keystore.locked);
    memset(keystore.keys, 0, sizeof keystore.keys);
    limit_reset();
    memset(keystore.expected, 0, sizeof keystore.expected);
    memset(keystore.asked, 0, sizeof keystore.asked);
    keystore.signatures_count = 0;
    keystore.has_said = false;
    keystore.has_lied = false;
}

struct view keystore_key(size_t place)
{
    const struct held *held = &keystore.keys[place % KEYS];

    return (struct view){held->blob, held->blob_len};
}

void keystore_expect(uint8_t message)
{
    keystore.expected[message]++;
}

bool keystore_has_signed(struct view data, struct view signature)
{
    for (size_t i = 0; i < keystore.signatures_count; i++) {
        if (keystore.signatures[i].data == hash_of(data) &&
            keystore.signatures[i].signature == hash_of(signature)) {
            return true;
        }
    }
    return keystore.signatures_count == SIGNATURES;
}

static struct held *find(uint64_t id)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (keystore.keys[i].id == id && id != 0) {
            return &keystore.keys[i];
        }
    }
    return NULL;
}

/* The place of this key, or a free one; NULL if there is none. */
static struct held *place_of(uint32_t agent, struct view blob)
{
    struct held *free_place = NULL;

    for (size_t i = 0; i < KEYS; i++) {
        struct held *held = &keystore.keys[i];

        if (held->id == 0) {
            free_place = free_place == NULL ? held : free_place;
        } else if (held->agent == agent &&
                   view_equal((struct view){held->blob, held->blob_len}, blob)) {
            return held;
        }
    }
    return free_place;
}

/* No request comes of nothing: each has a message of a client in the vault behind it. */
static void check_cause(uint8_t op)
{
    const unsigned *expected = keystore.expected;
    const unsigned adds = expected[AGENTC_ADD_IDENTITY] + expected[AGENTC_ADD_ID_CONSTRAINED];
    const unsigned files = expected[PROMPT_KEY + 128] + expected[PROMPT_KEY_PROBLEM + 128];
    unsigned asked = ++keystore.asked[op];

    switch (op) {
    case IPC_ADD:
        CHECK(asked <= adds);
        break;
    case IPC_REMOVE:
        /* Also what could not be listed, and files that are gone. */
        CHECK(asked <= expected[AGENTC_REMOVE_IDENTITY] + adds || files > 0);
        break;
    case IPC_REMOVE_ALL:
        CHECK(asked <= expected[AGENTC_REMOVE_ALL_IDENTITIES]);
        break;
    case IPC_LOCK:
        CHECK(asked <= expected[AGENTC_LOCK]);
        break;
    case IPC_UNLOCK:
        CHECK(asked <= expected[AGENTC_UNLOCK]);
        break;
    case IPC_REVOKE:
        CHECK(asked <= expected[AGENTC_EXTENSION]);
        break;
    case IPC_ADD_FILE:
        CHECK(files > 0);
        break;
    case IPC_UNSEAL:
        CHECK(asked <= expected[PROMPT_SECRET + 128]);
        break;
    default:
        CHECK(op == IPC_SIGN || op == IPC_EXPIRE);
        break;
    }
}

static void put_key(struct wire_writer *w, const struct held *held, uint64_t deadline,
                    struct view comment, struct view destinations)
{
    put_u64(w, held->id);
    put_u64(w, deadline);
    put_u8(w,
           (uint8_t)((held->confirm ? IPC_KEY_CONFIRM : 0) | (held->sealed ? IPC_KEY_SEALED : 0)));
    put_string(w, (struct view){held->blob, held->blob_len});
    put_string(w, comment);
    put_string(w, destinations);
}

static enum err keep(uint32_t agent, struct view blob, bool confirm, struct held **ret)
{
    struct held *held = place_of(agent, blob);

    if (held == NULL || blob.len > BLOB_MAX) {
        return ERR_TOO_MANY;
    }
    if (held->id == 0) {
        held->id = ++last_id;
        held->late = 0;
    } else if (confirm && !held->confirm) {
        held->late = SIGNS_AT_ONCE;
    }
    held->confirm = confirm;
    held->agent = agent;
    held->blob_len = blob.len;
    memcpy(held->blob, blob.data, blob.len);
    *ret = held;
    return OK;
}

static enum err do_add(struct wire_reader *r, struct wire_writer *w)
{
    static uint8_t bytes[FRAME_MAX];
    struct wire_writer blob = wire_writer(bytes, sizeof bytes);
    uint32_t agent = wire_u32(r);
    bool constrained = wire_bool(r);
    struct reading reading;
    struct held *held;
    enum err err;

    wire_u32(r);
    err = read_add(wire_rest(r), constrained, &blob, &reading);
    if (err == OK) {
        err =
            keystore.locked ? ERR_LOCKED : keep(agent, wire_written(&blob), reading.confirm, &held);
    }
    if (err == OK) {
        limit_add(wire_written(&blob), reading.destinations);
        held->sealed = false;
        put_key(w, held, reading.life > 0 ? boottime_ms() + reading.life * UINT64_C(1000) : 0,
                reading.comment, reading.destinations);
    }
    return err;
}

/* A file's key is made of its ticket. */
static enum err do_add_file(struct wire_reader *r, struct wire_writer *w)
{
    uint8_t bytes[64];
    uint8_t point[32] = {0};
    struct wire_writer blob = wire_writer(bytes, sizeof bytes);
    uint32_t agent = wire_u32(r);
    uint64_t ticket = wire_u64(r);
    struct held *held;
    enum err err;

    point[0] = (uint8_t)(ticket & 3);
    put_text(&blob, "ssh-ed25519");
    put_string(&blob, (struct view){point, sizeof point});
    err = keystore.locked ? ERR_LOCKED : keep(agent, wire_written(&blob), (ticket & 2) != 0, &held);
    if (err == OK) {
        limit_add(wire_written(&blob), (struct view){0});
        held->sealed = (ticket & 1) != 0;
        put_key(w, held, 0, (struct view){point, 0}, (struct view){point, 0});
    }
    return err;
}

/*
 * Nobody was asked because the key had no `confirm` then; if it has one now, it is not signed. What
 * is said in the place of that may make the agent try again; after a lie of a key nothing is known.
 */
static enum err check_allowed(struct held *held, struct view qube, bool approved, struct view data)
{
    struct view blob = {held->blob, held->blob_len};

    if (prompt_allowed(qube, blob, held->confirm, data)) {
        return OK;
    }
    CHECK(!approved && prompt_allowed(qube, blob, false, data));
    CHECK(held->late > 0 || keystore.has_lied);
    held->late -= held->late > 0 && !keystore.has_said ? 1 : 0;
    return ERR_CONFIRM;
}

static enum err do_sign(struct wire_reader *r, struct wire_writer *w)
{
    uint8_t hash[HASH_SIZE];
    struct held *held = find(wire_u64(r));
    struct view qube;
    struct view approval;
    struct view data;
    enum err err;

    wire_u32(r); /* flags */
    qube = wire_string(r, QUBE_NAME_MAX);
    approval = wire_string(r, APPROVAL_SIZE);
    data = wire_rest(r);
    CHECK(r->err == OK && (approval.len == 0 || approval.len == APPROVAL_SIZE));
    if (held == NULL) {
        return ERR_NOT_FOUND;
    }
    err = check_allowed(held, qube, approval.len > 0, data);
    if (err != OK || keystore.locked || held->sealed) {
        return err != OK ? err : keystore.locked ? ERR_LOCKED : ERR_SEALED;
    }
    crypto_generichash(hash, sizeof hash, data.data, data.len, held->blob, 32);
    put_string(w, (struct view){hash, sizeof hash});
    return OK;
}

static enum err do_lock(struct wire_reader *r, bool close)
{
    uint64_t passphrase = hash_of(wire_string(r, PASSPHRASE_MAX));

    CHECK(wire_end(r) == OK);
    if (keystore.locked == close) {
        return close ? ERR_LOCKED : ERR_NOT_LOCKED;
    }
    if (!close && passphrase != keystore.passphrase) {
        return ERR_PASSPHRASE;
    }
    keystore.passphrase = passphrase;
    keystore.locked = close;
    return OK;
}

static enum err do_unseal(struct wire_reader *r)
{
    uint64_t id = wire_u64(r);
    struct held *held = find(id);

    if (held == NULL || keystore.locked) {
        return held == NULL ? ERR_NOT_FOUND : ERR_LOCKED;
    }
    keystore.unsealing = id;
    keystore.unsealed = (wire_u64(r) & 4) != 0 ? ERR_PASSPHRASE : OK;
    held->sealed = held->sealed && keystore.unsealed != OK;
    return OK;
}

static enum err do_remove(struct wire_reader *r)
{
    struct held *held = find(wire_u64(r));

    CHECK(wire_end(r) == OK);
    if (held == NULL) {
        return ERR_NOT_FOUND;
    }
    held->id = 0;
    held->blob_len = 0;
    return OK;
}

static enum err do_remove_all(struct wire_reader *r)
{
    uint32_t agent = wire_u32(r);

    CHECK(wire_end(r) == OK);
    for (size_t i = 0; i < KEYS; i++) {
        if (keystore.keys[i].agent == agent) {
            keystore.keys[i].id = 0;
            keystore.keys[i].blob_len = 0;
        }
    }
    return OK;
}

static enum err do_request(uint8_t op, struct wire_reader *r, struct wire_writer *w)
{
    switch (op) {
    case IPC_ADD:
        return do_add(r, w);
    case IPC_ADD_FILE:
        return do_add_file(r, w);
    case IPC_SIGN:
        return do_sign(r, w);
    case IPC_REMOVE:
        return do_remove(r);
    case IPC_REMOVE_ALL:
        return do_remove_all(r);
    case IPC_LOCK:
    case IPC_UNLOCK:
        return do_lock(r, op == IPC_LOCK);
    case IPC_UNSEAL:
        return do_unseal(r);
    default:
        return OK;
    }
}

static void remember(struct view data, struct view signature)
{
    if (keystore.signatures_count < SIGNATURES) {
        keystore.signatures[keystore.signatures_count].data = hash_of(data);
        keystore.signatures[keystore.signatures_count++].signature = hash_of(signature);
    }
}

/* What the input wants to be said instead of what is right. */
static enum err say(uint8_t op, struct wire_writer *w)
{
    bool lies = keystore.said_err == OK;

    keystore.has_said = false;
    w->len = IPC_HEADER;
    if (lies) {
        put_bytes(w, keystore.said, keystore.said_len);
    }
    if (lies && (op == IPC_ADD || op == IPC_ADD_FILE)) {
        keystore.has_lied = true;
        limit_lose();
    }
    if (op == IPC_LOCK || op == IPC_UNLOCK) {
        keystore.locked = lies ? op == IPC_LOCK : op == IPC_UNLOCK && keystore.locked;
    }
    return keystore.said_err;
}

static void answer(void)
{
    struct wire_reader r = wire_reader(keystore.in + 4, keystore.have - 4);
    uint8_t op = wire_u8(&r);
    bool says = keystore.has_said && op != IPC_UNSEAL;
    struct wire_writer w = begin(OK);
    enum err err = OK;

    /* What it says that it did not do it did not do; what may be signed is looked at all the same.
     */
    if (!says || op == IPC_SIGN) {
        err = do_request(op, &r, &w);
    }
    if (says) {
        err = say(op, &w);
    }
    if (err == OK && op == IPC_SIGN) {
        struct wire_reader fields =
            wire_reader(keystore.in + IPC_HEADER, keystore.have - IPC_HEADER);

        wire_bytes(&fields, 12);
        wire_string(&fields, QUBE_NAME_MAX);
        wire_string(&fields, APPROVAL_SIZE);
        remember(wire_rest(&fields), (struct view){w.data + IPC_HEADER, w.len - IPC_HEADER});
    }
    w.len = err == OK ? w.len : IPC_HEADER;
    w.data[4] = (uint8_t)err;
    end(&w);
    keystore.have = 0;
    keystore.pending = false;
}

static void say_unsealed(void)
{
    struct wire_writer w = begin(IPC_UNSEALED);

    put_u64(&w, keystore.unsealing);
    put_u8(&w, (uint8_t)keystore.unsealed);
    end(&w);
    keystore.unsealing = 0;
}

void keystore_turn(void)
{
    ssize_t n = recv(keystore.out.fd, keystore.in + keystore.have,
                     sizeof keystore.in - keystore.have, MSG_DONTWAIT);

    if (n > 0) {
        keystore.have += (size_t)n;
    }
    if (!keystore.pending && keystore.have >= IPC_HEADER &&
        keystore.have >= 4 + (size_t)load_u32(keystore.in)) {
        /* One at a time, and nothing behind it. */
        CHECK(keystore.have == 4 + (size_t)load_u32(keystore.in));
        check_cause(keystore.in[4]);
        keystore.pending = true;
        keystore.wait = keystore.delay;
    }
    if (keystore.pending && keystore.wait-- == 0) {
        answer();
    } else if (!keystore.pending && keystore.unsealing != 0) {
        say_unsealed();
    }
    CHECK(outgoing_send(&keystore.out, keystore.cut));
}
