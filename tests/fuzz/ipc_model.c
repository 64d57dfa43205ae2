/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc_model.h"

#include "keyblob.h"
#include "verifier.h"

static struct {
    struct model_key keys[MODEL_KEYS];
    struct model_request request; /* op 0: none */
    bool lost;
    unsigned unsealing; /* UNSEALED to come */
    uint8_t *lock;      /* a copy of the passphrase; NULL: not locked */
    size_t lock_len;
} model;

static void forget_key(struct model_key *key)
{
    free(key->blob);
    *key = (struct model_key){0};
}

static void unlock(void)
{
    free(model.lock);
    model.lock = NULL;
    model.lock_len = 0;
}

void model_reset(void)
{
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        forget_key(&model.keys[i]);
    }
    unlock();
    memset(&model, 0, sizeof model);
}

struct view model_qube(size_t number)
{
    static const char *const names[MODEL_QUBES] = {"", "work", "dev-qube-with-a-name-of-31-byte"};
    const char *name = names[number % MODEL_QUBES];

    return (struct view){(const uint8_t *)name, strlen(name)};
}

const struct model_key *model_key(size_t place)
{
    return &model.keys[place % MODEL_KEYS];
}

static struct model_key *find(uint64_t id)
{
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        if (model.keys[i].id == id && id != 0) {
            return &model.keys[i];
        }
    }
    return NULL;
}

void model_request(const struct model_request *request)
{
    struct model_key *key = request->op == IPC_SIGN ? find(request->id) : NULL;

    if (model.lost) {
        return;
    }
    CHECK(model.request.op == 0);
    model.request = *request;
    if (key != NULL && request->approval == APPROVAL_ONCE) {
        key->given[request->qube]++;
    }
    if (key != NULL && request->approval == APPROVAL_WHILE) {
        key->given_while[request->qube] = true;
    }
}

bool model_is_waiting(void)
{
    return model.request.op != 0;
}

bool model_is_unsealing(void)
{
    return model.unsealing > 0;
}

void model_lose(void)
{
    model.lost = true;
    model.request.op = 0;
}

bool model_is_lost(void)
{
    return model.lost;
}

static struct view lock_passphrase(void)
{
    return (struct view){model.lock, model.lock_len};
}

/* Nothing that was allowed is left; NULL: for any qube. */
static void end_approvals(struct model_key *key, const size_t *qube)
{
    for (size_t i = 0; i < MODEL_QUBES; i++) {
        if (qube == NULL || *qube == i) {
            key->given[i] = key->made[i];
            key->given_while[i] = false;
        }
    }
}

static void end_all_approvals(const size_t *qube)
{
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        end_approvals(&model.keys[i], qube);
    }
}

/* A key as ADD and ADD_FILE answer it. More than there is room for are not remembered. */
static void take_key(struct wire_reader *r)
{
    struct model_key key = {.id = wire_u64(r)};
    uint64_t deadline = wire_u64(r);
    uint8_t flags = wire_u8(r);
    struct view blob = wire_string(r, IPC_MAX);
    struct public_key public;
    struct model_key *place;

    wire_string(r, IPC_MAX); /* comment */
    wire_string(r, IPC_MAX); /* destinations */
    CHECK(r->err == OK && key.id != 0);
    CHECK((flags & ~(IPC_KEY_CONFIRM | IPC_KEY_SEALED | IPC_KEY_BAD_CERT)) == 0);
    CHECK(public_key_parse(blob, &public) == OK);
    key.agent = model.request.agent;
    key.has_deadline = deadline != 0;
    key.confirm = (flags & IPC_KEY_CONFIRM) != 0;
    place = find(key.id);
    for (size_t i = 0; i < MODEL_KEYS && place == NULL; i++) {
        place = model.keys[i].id == 0 ? &model.keys[i] : NULL;
    }
    if (place == NULL) {
        return;
    }
    CHECK(place->id == 0 || view_equal((struct view){place->blob, place->blob_len}, blob));
    forget_key(place);
    key.blob = malloc(blob.len + 1);
    CHECK(key.blob != NULL);
    memcpy(key.blob, blob.data, blob.len);
    key.blob_len = blob.len;
    *place = key;
}

static void take_signature(struct wire_reader *r)
{
    const struct model_request *request = &model.request;
    struct model_key *key = find(request->id);
    struct view signature = wire_string(r, SIGNATURE_MAX);
    struct public_key public;
    struct view blob;

    CHECK(r->err == OK && model.lock == NULL);
    if (key == NULL) {
        return; /* one that was not remembered */
    }
    blob = (struct view){key->blob, key->blob_len};
    CHECK(public_key_parse(blob, &public) == OK);
    if (public.type->kind != KEY_RSA || request->flags != 0) { /* else SHA-1 */
        CHECK(verifies(blob, signature, request->data));
    }
    if (key->confirm) {
        key->made[request->qube]++;
        CHECK(key->given_while[request->qube] ||
              key->made[request->qube] <= key->given[request->qube]);
    }
}

static void take_lock(void)
{
    struct view passphrase = model.request.passphrase;

    CHECK(model.lock == NULL);
    end_all_approvals(NULL);
    model.lock = malloc(passphrase.len + 1);
    CHECK(model.lock != NULL);
    if (passphrase.len > 0) {
        memcpy(model.lock, passphrase.data, passphrase.len);
    }
    model.lock_len = passphrase.len;
}

static void take_unlock(void)
{
    CHECK(model.lock != NULL);
    CHECK(view_equal(lock_passphrase(), model.request.passphrase));
    unlock();
}

static void take_remove(void)
{
    struct model_key *key = find(model.request.id);

    if (key != NULL) {
        forget_key(key);
    }
}

static void take_remove_all(void)
{
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        if (model.keys[i].agent == model.request.agent) {
            forget_key(&model.keys[i]);
        }
    }
}

/* The body of an answer that says OK; what is read of it is all there is. */
static void take_success(struct wire_reader *r)
{
    const struct model_request *request = &model.request;

    switch (request->op) {
    case IPC_ADD:
    case IPC_ADD_FILE:
        CHECK(model.lock == NULL);
        take_key(r);
        if (request->op == IPC_ADD_FILE && r->left > 0) {
            take_key(r); /* with its certificate */
        }
        break;
    case IPC_SIGN:
        take_signature(r);
        break;
    case IPC_UNSEAL:
        CHECK(model.unsealing++ == 0);
        break;
    case IPC_LOCK:
        take_lock();
        break;
    case IPC_UNLOCK:
        take_unlock();
        break;
    case IPC_REMOVE:
        take_remove();
        break;
    case IPC_REMOVE_ALL:
        take_remove_all();
        break;
    case IPC_REVOKE:
        end_all_approvals(request->all ? NULL : &request->qube);
        break;
    default:
        break;
    }
}

/* Errors that say something of what the agent knows itself. */
static void check_error(enum err err)
{
    const struct model_request *request = &model.request;
    const struct model_key *key = find(request->id);

    CHECK(err != ERR_LOCKED || model.lock != NULL);
    CHECK(err != ERR_NOT_LOCKED || model.lock == NULL);
    if (request->op == IPC_REMOVE && key != NULL) {
        CHECK(err == ERR_NOT_FOUND && key->has_deadline);
    }
    if (request->op == IPC_UNLOCK && model.lock != NULL) {
        CHECK(err == ERR_PASSPHRASE && !view_equal(lock_passphrase(), request->passphrase));
    }
    if (request->op == IPC_SIGN && model.lock != NULL) {
        CHECK(err == ERR_LOCKED);
    }
    CHECK(request->op != IPC_EXPIRE && request->op != IPC_REVOKE && request->op != IPC_REMOVE_ALL);
}

void model_answer(struct view frame)
{
    struct wire_reader r = wire_reader(frame.data, frame.len);
    uint8_t what = wire_u8(&r);

    CHECK(r.err == OK);
    if (what == IPC_UNSEALED) {
        wire_u64(&r);
        CHECK(wire_u8(&r) <= ERR_MAX && wire_end(&r) == OK);
        CHECK(model.lost || model.unsealing-- == 1);
        return;
    }
    CHECK(what <= ERR_MAX && (what == OK || r.left == 0));
    if (model.lost) {
        return;
    }
    CHECK(model.request.op != 0);
    if (what == OK) {
        take_success(&r);
        CHECK(wire_end(&r) == OK);
    } else {
        check_error(what);
    }
    model.request.op = 0;
}
