/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

struct bind {
    struct view host_key;
    struct view session;
    struct view signature;
    bool forwarding;
    bool left_over; /* there is more behind it */
};

static bool read_bind(const struct request *request, struct bind *ret)
{
    struct wire_reader r = wire_reader(request->rest.data, request->rest.len);

    if (request->type != MSG_EXTENSION || !view_is(request->name, "session-bind@openssh.com")) {
        return false;
    }
    ret->host_key = wire_string(&r, FRAME_MAX);
    ret->session = wire_string(&r, FRAME_MAX);
    ret->signature = wire_string(&r, FRAME_MAX);
    ret->forwarding = wire_bool(&r);
    ret->left_over = r.left > 0;
    return r.err == OK;
}

static bool is_verified(const struct bind *bind)
{
    return verify(bind->host_key, bind->signature, bind->session);
}

static bool has_session_size(const struct bind *bind)
{
    return bind->session.len > 0 && bind->session.len <= SESSION_ID_MAX;
}

static bool has_sha1(const struct bind *bind)
{
    struct wire_reader r = wire_reader(bind->signature.data, bind->signature.len);

    return view_is(wire_string(&r, KEY_TYPE_MAX), "ssh-rsa");
}

static bool only_they_bind(const struct exchange *x)
{
    return answer_is(x->ours, MSG_EXTENSION_FAILURE) && answer_is(x->theirs, MSG_SUCCESS);
}

static bool only_we_bind(const struct exchange *x)
{
    return answer_is(x->ours, MSG_SUCCESS) &&
           (answer_is(x->theirs, MSG_FAILURE) || answer_is(x->theirs, MSG_EXTENSION_FAILURE));
}

/* Was this session with this host bound before, on this connection? */
static bool was_bound(const struct exchange *x, bool same_use)
{
    struct bind now;
    struct bind then;

    if (!read_bind(&x->request, &now)) {
        return false;
    }
    for (size_t i = 0; i < x->bound_count; i++) {
        struct request earlier = request_read(x->bound[i]);

        if (read_bind(&earlier, &then) && view_equal(then.host_key, now.host_key) &&
            view_equal(then.session, now.session)) {
            return (then.forwarding == now.forwarding) == same_use;
        }
    }
    return false;
}

/* May this bind fail, though its signature is good? Something else is wrong, or was before it. */
static bool may_fail(const struct exchange *x, const struct bind *bind)
{
    return x->bind_failed || x->bound_count > 0 || bind->left_over || !has_session_size(bind) ||
           has_sha1(bind);
}

/* We answer what we would answer without the lock. */
bool is_locked_extension(const struct exchange *x)
{
    struct bind bind;
    bool good;

    if (!x->locked || x->request.type != MSG_EXTENSION || !answer_is(x->theirs, MSG_FAILURE)) {
        return false;
    }
    if (!view_is(x->request.name, "session-bind@openssh.com")) {
        return view_is(x->request.name, "query") && x->request.rest.len == 0 &&
               answer_is(x->ours, MSG_EXTENSION_ANSWER);
    }
    good = read_bind(&x->request, &bind) && is_verified(&bind);
    return (good && answer_is(x->ours, MSG_SUCCESS)) ||
           ((!good || may_fail(x, &bind)) && answer_is(x->ours, MSG_EXTENSION_FAILURE));
}

/* Theirs has none, or the same answer with fewer names. */
bool is_query(const struct exchange *x)
{
    struct view names = {x->theirs->body, x->theirs->len};

    return x->request.type == MSG_EXTENSION && view_is(x->request.name, "query") &&
           x->request.rest.len == 0 && answer_is(x->ours, MSG_EXTENSION_ANSWER) &&
           (answer_is(x->theirs, MSG_FAILURE) ||
            (answer_is(x->theirs, MSG_EXTENSION_ANSWER) && names.len <= x->ours->len));
}

bool is_extension_failure(const struct exchange *x)
{
    return !x->locked && x->request.type == MSG_EXTENSION &&
           view_is(x->request.name, "session-bind@openssh.com") &&
           answer_is(x->ours, MSG_EXTENSION_FAILURE) && answer_is(x->theirs, MSG_FAILURE);
}

bool is_bind_repeated(const struct exchange *x)
{
    struct bind bind;

    return was_bound(x, true) && only_we_bind(x) && read_bind(&x->request, &bind) &&
           is_verified(&bind);
}

bool is_bind_other_use(const struct exchange *x)
{
    return was_bound(x, false) && only_they_bind(x);
}

bool is_bind_left_over(const struct exchange *x)
{
    struct bind bind;

    return read_bind(&x->request, &bind) && bind.left_over && only_they_bind(x);
}

bool is_bind_session_size(const struct exchange *x)
{
    struct bind bind;

    return read_bind(&x->request, &bind) && !has_session_size(&bind) && only_they_bind(x);
}

/* A certificate that is not the one of the pool. */
bool is_bind_certificate(const struct exchange *x)
{
    struct bind bind;
    struct wire_reader r;

    if (!read_bind(&x->request, &bind) || !only_we_bind(x)) {
        return false;
    }
    r = wire_reader(bind.host_key.data, bind.host_key.len);
    return view_is(wire_string(&r, KEY_TYPE_MAX), "ssh-ed25519-cert-v01@openssh.com") &&
           !view_equal(bind.host_key, pick_host_blob(HOST_CERTIFIED - HOST_ED25519)) &&
           is_verified(&bind);
}

/* Less is seen and signed. */
static bool has_less(const struct exchange *x)
{
    return (x->request.type == MSG_SIGN && only_they(x, MSG_SIGN_ANSWER)) ||
           (x->request.type == MSG_LIST && answer_is(x->ours, MSG_LIST_ANSWER) &&
            answer_is(x->theirs, MSG_LIST_ANSWER) && is_shorter_list(x));
}

/* The signature is RSA's with SHA-1; or it was, of a bind before this. */
bool is_bind_unverified(const struct exchange *x)
{
    struct bind bind;

    if (!read_bind(&x->request, &bind)) {
        return x->bind_unverified && has_less(x);
    }
    return has_sha1(&bind) && only_they_bind(x);
}

bool is_bind_failed(const struct exchange *x)
{
    struct bind bind;

    return x->bind_failed && (has_less(x) || (read_bind(&x->request, &bind) && only_they_bind(x)));
}

bool is_bind_failed_remove(const struct exchange *x)
{
    return (x->bind_failed || x->bind_unverified) && x->request.type == MSG_REMOVE &&
           only_they(x, MSG_SUCCESS);
}

/* Nothing is wrong with the key, and they hold it. */
bool is_unseen_added_again(const struct exchange *x)
{
    return is_add(x) && x->request.well_formed && !x->request.unknown_constraint && is_intact(x) &&
           list_has(x->held, x->request.blob) && (x->bound_count > 0 || x->bind_failed) &&
           answer_is(x->ours, MSG_SUCCESS) && answer_is(x->theirs, MSG_FAILURE);
}
