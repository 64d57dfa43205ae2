/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve.h"

#include <errno.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "approvals.h"
#include "clock.h"
#include "ipc.h"
#include "keytable.h"
#include "lock.h"
#include "secret.h"
#include "sign.h"
#include "stack.h"

/*
 * An answer holds public bytes alone. A request may hold a private key: its buffer is in the arena,
 * has the size of the largest, and is wiped after each.
 */
static uint8_t answer_bytes[4 + IPC_MAX];

static struct approvals approvals;

/*
 * A handler reads its body, writes the body of the answer and returns what the answer says. It sets
 * *protocol where the agent's own bytes are malformed, which ends the process.
 */
struct request {
    struct wire_reader body;
    struct wire_writer *answer;
    bool protocol;
};

/* All was read; anything else is the agent's fault. */
static bool body_ends(struct request *request)
{
    request->protocol = wire_end(&request->body) != OK;
    return !request->protocol;
}

static uint64_t deadline_of(const struct add_request *add, uint32_t default_life)
{
    if (add->has_life) {
        return boottime_ms() + (uint64_t)add->life * 1000U;
    }
    return default_life == 0 ? 0 : boottime_ms() + (uint64_t)default_life * 1000U;
}

static enum err handle_add(struct request *request)
{
    bool constrained = wire_bool(&request->body);
    uint32_t default_life = wire_u32(&request->body);
    struct view message = wire_rest(&request->body);
    struct wire_writer *w = request->answer;
    struct key *key = NULL;
    struct key *kept;
    struct add_request add;
    enum err err;

    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    if (lock_is_closed()) {
        return ERR_LOCKED;
    }
    err = add_request_parse(message, constrained, &add);
    if (err == OK) {
        err = key_new(&add, &key);
    }
    if (err != OK) {
        return err;
    }
    key->deadline = deadline_of(&add, default_life);
    err = keytable_put(&key, &kept);
    if (err != OK) {
        key_free(&key);
        return err;
    }
    put_u64(w, kept->id);
    put_u64(w, kept->deadline);
    put_u8(w, kept->confirm ? IPC_KEY_CONFIRM : 0);
    put_string(w, (struct view){kept->blob, kept->blob_len});
    put_string(w, (struct view){kept->comment, kept->comment_len});
    put_string(w, add.destinations);
    if (w->err != OK) { /* the agent would not know that it is here */
        err = keytable_remove(kept->id);
        return err != OK ? err : w->err;
    }
    return OK;
}

struct sign_request {
    uint64_t id;
    uint32_t flags;
    struct view qube;
    bool has_approval;
    struct approval approval;
    struct view data;
};

/* False: malformed. So is an approval of the wrong size, whether the key asks for one or not. */
static bool read_sign(struct request *request, struct sign_request *ret)
{
    struct wire_reader *r = &request->body;
    struct view approval;

    ret->id = wire_u64(r);
    ret->flags = wire_u32(r);
    ret->qube = wire_string(r, QUBE_NAME_MAX);
    approval = wire_string(r, APPROVAL_SIZE);
    ret->data = wire_rest(r);
    ret->has_approval = approval.len > 0;
    if (body_ends(request) && ret->has_approval) {
        request->protocol = approval_parse(approval, &ret->approval) != OK;
    }
    return !request->protocol;
}

static enum err check_confirmed(const struct key *key, const struct sign_request *sign)
{
    const struct approval_subject subject = {
        .key_blob = {key->blob, key->blob_len}, .data = sign->data, .qube = sign->qube};

    if (!key->confirm) {
        return OK;
    }
    return sign->has_approval
               ? approvals_use(&approvals, &sign->approval, key->serial, &subject, boottime_ms())
               : approvals_remembered(&approvals, key->serial, &subject, boottime_ms());
}

static enum err handle_sign(struct request *request)
{
    uint8_t signature_bytes[SIGNATURE_MAX];
    struct wire_writer signature = wire_writer(signature_bytes, sizeof signature_bytes);
    struct sign_request sign;
    struct key *key;
    enum err err;

    if (!read_sign(request, &sign)) {
        return ERR_MALFORMED;
    }
    if (lock_is_closed()) {
        return ERR_LOCKED;
    }
    key = keytable_find(sign.id);
    if (key == NULL) {
        return ERR_NOT_FOUND;
    }
    err = check_confirmed(key, &sign);
    if (err != OK) {
        return err;
    }
    err = sign_data(key, sign.flags, sign.data, &signature);
    if (err == OK) {
        put_string(request->answer, wire_written(&signature));
        err = request->answer->err;
    }
    return err;
}

static enum err handle_remove(struct request *request)
{
    uint64_t id = wire_u64(&request->body);

    return body_ends(request) ? keytable_remove(id) : ERR_MALFORMED;
}

static enum err handle_remove_all(struct request *request)
{
    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    keytable_clear();
    return OK;
}

static enum err handle_expire(struct request *request)
{
    /* Done before every request. */
    return body_ends(request) ? OK : ERR_MALFORMED;
}

static enum err handle_lock(struct request *request)
{
    struct view passphrase = wire_string(&request->body, PASSPHRASE_MAX);

    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    approvals_revoke(&approvals, NULL); /* also where there is no memory to lock */
    return lock_close(passphrase);
}

static enum err handle_unlock(struct request *request)
{
    struct view passphrase = wire_string(&request->body, PASSPHRASE_MAX);

    return body_ends(request) ? lock_open(passphrase) : ERR_MALFORMED;
}

static enum err handle_revoke(struct request *request)
{
    bool all = wire_bool(&request->body);
    struct view qube = wire_string(&request->body, QUBE_NAME_MAX);

    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    approvals_revoke(&approvals, all ? NULL : &qube);
    return OK;
}

static enum err (*const handlers[])(struct request *) = {
    [IPC_ADD] = handle_add,       [IPC_SIGN] = handle_sign,
    [IPC_REMOVE] = handle_remove, [IPC_REMOVE_ALL] = handle_remove_all,
    [IPC_EXPIRE] = handle_expire, [IPC_LOCK] = handle_lock,
    [IPC_UNLOCK] = handle_unlock, [IPC_REVOKE] = handle_revoke,
};

static enum err send_all(const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(IPC_FD, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return OK;
}

/* Header and body, of which the writer holds room for the header too. */
static enum err send_answer(uint8_t what, struct wire_writer *w)
{
    store_u32(w->data, (uint32_t)(w->len - 4));
    w->data[4] = what;
    return send_all(w->data, w->len);
}

static struct wire_writer begin_answer(void)
{
    struct wire_writer w = wire_writer(answer_bytes, sizeof answer_bytes);

    w.len = IPC_HEADER;
    return w;
}

enum err serve_hello(const char *memory, const char *sandbox)
{
    struct wire_writer w = begin_answer();

    put_text(&w, memory);
    put_text(&w, sandbox);
    return send_answer(IPC_HELLO, &w);
}

/* One request, for the stack that it is handled on. */
struct frame {
    const uint8_t *bytes; /* after the length word */
    size_t len;
    int status; /* an enum ipc_exit; IPC_EXIT_OK goes on */
};

static void handle(void *argument)
{
    struct frame *frame = argument;
    struct wire_writer w = begin_answer();
    struct request request = {.body = wire_reader(frame->bytes, frame->len), .answer = &w};
    uint8_t op = wire_u8(&request.body);
    enum err err;

    if (op >= sizeof handlers / sizeof handlers[0] || handlers[op] == NULL) {
        frame->status = IPC_EXIT_PROTOCOL;
        return;
    }
    keytable_expire(boottime_ms());
    err = handlers[op](&request);
    if (request.protocol) {
        frame->status = IPC_EXIT_PROTOCOL;
        return;
    }
    if (err != OK) {
        w = begin_answer();
    }
    frame->status = send_answer((uint8_t)err, &w) == OK ? IPC_EXIT_OK : IPC_EXIT_SYSTEM;
}

/* One read: what is there, or what is still missing. False at the end or on an error. */
static bool receive(uint8_t *bytes, size_t cap, size_t *have, int *ret_status)
{
    ssize_t n = recv(IPC_FD, bytes + *have, cap - *have, 0);

    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        *ret_status = n < 0 ? IPC_EXIT_SYSTEM : *have > 0 ? IPC_EXIT_PROTOCOL : IPC_EXIT_OK;
        return false;
    }
    *have += (size_t)n;
    return true;
}

int serve(const uint8_t *token_key)
{
    uint8_t *bytes = secret_alloc(4 + IPC_MAX);
    int status = IPC_EXIT_MEMORY;
    struct frame frame;
    size_t have = 0;

    if (bytes == NULL) {
        return status;
    }
    approvals.token_key = token_key;
    while (receive(bytes, 4 + IPC_MAX, &have, &status)) {
        size_t len = have >= 4 ? load_u32(bytes) : 0;

        if (have < IPC_HEADER && len <= IPC_MAX) {
            continue;
        }
        /* One request is under way at a time, so nothing may follow it. */
        if (len == 0 || len > IPC_MAX || have > 4 + len) {
            status = IPC_EXIT_PROTOCOL;
            break;
        }
        if (have < 4 + len) {
            continue;
        }
        frame = (struct frame){.bytes = bytes + 4, .len = len, .status = IPC_EXIT_OK};
        stack_run(handle, &frame);
        if (frame.status != IPC_EXIT_OK) {
            status = frame.status;
            break;
        }
        sodium_memzero(bytes, have);
        have = 0;
    }
    secret_free(bytes);
    return status;
}
