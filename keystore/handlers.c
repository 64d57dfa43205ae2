/* SPDX-License-Identifier: BSD-2-Clause */
#include "handlers.h"

#include "add.h"
#include "approvals.h"
#include "clock.h"
#include "keytable.h"
#include "lock.h"
#include "unsealing.h"

static struct approvals approvals;

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

/*
 * The user's yes for a sealed key is held until the key is open, and was for one signature: the
 * time of the approval itself is over when the passphrase was typed. It goes before what is
 * remembered, so that none is left of an approval for a while when that is over.
 */
static enum err check_confirmed(const struct key *key, const struct sign_request *sign)
{
    const struct approval_subject subject = {
        .key_blob = {key->blob, key->blob_len}, .data = sign->data, .qube = sign->qube};
    uint64_t now = boottime_ms();
    enum err err = ERR_CONFIRM;

    if (!key->confirm) {
        return OK;
    }
    if (sign->has_approval) {
        err = approvals_use(&approvals, &sign->approval, key->serial, &subject, now);
    }
    if (err == OK && key->sealed) {
        approvals_hold(&approvals, key->serial, &subject, now);
    }
    if (err == OK || approvals_held(&approvals, key->serial, &subject, now, !key->sealed) == OK) {
        return OK;
    }
    return sign->has_approval ? err : approvals_remembered(&approvals, key->serial, &subject, now);
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
    err = key_sign(key, sign.flags, sign.data, &signature);
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
    uint32_t agent = wire_u32(&request->body);

    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    keytable_clear_agent(agent);
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
    enum err err;

    if (!body_ends(request)) {
        return ERR_MALFORMED;
    }
    approvals_revoke(&approvals, NULL); /* also where there is no memory to lock */
    err = lock_close(passphrase);
    if (err == OK) {
        unsealing_lock();
    }
    return err;
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
    [IPC_ADD] = handle_add,           [IPC_SIGN] = handle_sign,
    [IPC_REMOVE] = handle_remove,     [IPC_REMOVE_ALL] = handle_remove_all,
    [IPC_EXPIRE] = handle_expire,     [IPC_LOCK] = handle_lock,
    [IPC_UNLOCK] = handle_unlock,     [IPC_REVOKE] = handle_revoke,
    [IPC_ADD_FILE] = handle_add_file, [IPC_UNSEAL] = handle_unseal,
};

void handlers_init(const uint8_t *token_key)
{
    approvals.token_key = token_key;
}

enum err handlers_answer(uint8_t op, struct request *request, uint64_t now)
{
    if (op >= sizeof handlers / sizeof handlers[0] || handlers[op] == NULL) {
        request->protocol = true;
        return ERR_MALFORMED;
    }
    keytable_expire(now);
    return handlers[op](request);
}
