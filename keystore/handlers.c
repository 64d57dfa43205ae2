/* SPDX-License-Identifier: BSD-2-Clause */
#include "handlers.h"

#include <assert.h>

#include "add.h"
#include "approvals.h"
#include "clock.h"
#include "keytable.h"
#include "lock.h"
#include "unsealing.h"

static struct approvals approvals;

/*
 * The user's yes for a sealed key is held until the key is open, and was for one signature: the
 * time of the approval itself is over when the passphrase was typed. It goes before what is
 * remembered, so that none is left of an approval for a while when that is over.
 */
static enum err check_confirmed(const struct key *key, const struct request *sign)
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

static enum err handle_sign(const struct request *request, struct wire_writer *answer)
{
    uint8_t signature_bytes[SIGNATURE_MAX];
    struct wire_writer signature = wire_writer(signature_bytes, sizeof signature_bytes);
    struct key *key;
    enum err err;

    if (lock_is_closed()) {
        return ERR_LOCKED;
    }
    key = keytable_find(request->id);
    if (key == NULL) {
        return ERR_NOT_FOUND;
    }
    err = check_confirmed(key, request);
    if (err != OK) {
        return err;
    }
    err = key_sign(key, request->flags, request->data, &signature);
    if (err == OK) {
        put_string(answer, wire_written(&signature));
        err = answer->err;
    }
    return err;
}

static enum err handle_remove(const struct request *request, struct wire_writer *answer)
{
    (void)answer;
    return keytable_remove(request->id);
}

static enum err handle_remove_all(const struct request *request, struct wire_writer *answer)
{
    (void)answer;
    keytable_clear_agent(request->agent);
    return OK;
}

static enum err handle_expire(const struct request *request, struct wire_writer *answer)
{
    (void)request; /* done before every request */
    (void)answer;
    return OK;
}

static enum err handle_lock(const struct request *request, struct wire_writer *answer)
{
    enum err err;

    (void)answer;
    approvals_revoke(&approvals, NULL); /* also where there is no memory to lock */
    err = lock_close(request->passphrase);
    if (err == OK) {
        unsealing_lock();
    }
    return err;
}

static enum err handle_unlock(const struct request *request, struct wire_writer *answer)
{
    (void)answer;
    return lock_open(request->passphrase);
}

static enum err handle_revoke(const struct request *request, struct wire_writer *answer)
{
    (void)answer;
    approvals_revoke(&approvals, request->all ? NULL : &request->qube);
    return OK;
}

static enum err (*const handlers[])(const struct request *, struct wire_writer *) = {
    [IPC_ADD] = handle_add,           [IPC_SIGN] = handle_sign,
    [IPC_REMOVE] = handle_remove,     [IPC_REMOVE_ALL] = handle_remove_all,
    [IPC_EXPIRE] = handle_expire,     [IPC_LOCK] = handle_lock,
    [IPC_UNLOCK] = handle_unlock,     [IPC_REVOKE] = handle_revoke,
    [IPC_ADD_FILE] = handle_add_file, [IPC_UNSEAL] = handle_unseal,
};
/* request_read() knows the same ones, and no other op gets here. */
static_assert(sizeof handlers / sizeof handlers[0] == IPC_UNSEAL + 1, "a handler for each op");

void handlers_init(const uint8_t *token_key)
{
    approvals.token_key = token_key;
}

enum err handlers_answer(const struct request *request, uint64_t now, struct wire_writer *answer)
{
    keytable_expire(now);
    return handlers[request->op](request, answer);
}
