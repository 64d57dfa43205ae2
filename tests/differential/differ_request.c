/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

/* The look behind a request finds the connection closed. */
bool is_malformed_closed(const struct exchange *x)
{
    struct request earlier;

    if (x->earlier.len == 0 || x->ours->kind != ANSWER_CLOSED || x->theirs->kind != ANSWER_FRAME) {
        return false;
    }
    earlier = request_read(x->earlier);
    return !earlier.well_formed || earlier.passphrase.len > PASSPHRASE_MAX;
}

bool is_left_over(const struct exchange *x)
{
    return x->request.left_over &&
           ((x->request.type == MSG_LIST && only_they(x, MSG_LIST_ANSWER)) ||
            (x->request.type == MSG_SIGN && only_they(x, MSG_SIGN_ANSWER)) ||
            (x->request.type == MSG_EXTENSION && only_they(x, MSG_EXTENSION_ANSWER)));
}

bool is_left_over_key(const struct exchange *x)
{
    return x->request.left_over && only_they(x, MSG_SUCCESS) &&
           (is_add(x) || x->request.type == MSG_REMOVE);
}

bool is_left_over_all(const struct exchange *x)
{
    return x->request.left_over && only_they(x, MSG_SUCCESS) && x->request.type == MSG_REMOVE_ALL;
}

bool is_left_over_lock(const struct exchange *x)
{
    return x->request.left_over && only_they(x, MSG_SUCCESS) &&
           (x->request.type == MSG_LOCK || x->request.type == MSG_UNLOCK);
}

static bool has_nul(struct view text)
{
    return text.len > 0 && memchr(text.data, '\0', text.len) != NULL;
}

bool is_lock_fatal(const struct exchange *x)
{
    bool unreadable = !x->request.well_formed || has_nul(x->request.passphrase);

    return (x->request.type == MSG_LOCK || x->request.type == MSG_UNLOCK) && unreadable &&
           x->ours->kind == ANSWER_FRAME && x->theirs->kind == ANSWER_CLOSED;
}

bool is_passphrase_long(const struct exchange *x)
{
    return (x->request.type == MSG_LOCK || x->request.type == MSG_UNLOCK) &&
           x->request.passphrase.len > PASSPHRASE_MAX &&
           (only_they(x, MSG_SUCCESS) || x->ours->kind == ANSWER_CLOSED);
}

bool is_sign_flags(const struct exchange *x)
{
    return x->request.type == MSG_SIGN && only_they(x, MSG_SIGN_ANSWER) &&
           (x->request.flags & ~(FLAG_RSA_SHA2_256 | FLAG_RSA_SHA2_512)) != 0;
}

bool is_ssh1_remove_all(const struct exchange *x)
{
    return x->request.type == 9 && only_they(x, MSG_SUCCESS);
}

bool is_began_while_locked(const struct exchange *x)
{
    return x->was_locked && !x->locked && answer_is(x->ours, MSG_FAILURE) &&
           x->theirs->kind == ANSWER_FRAME && !answer_is(x->theirs, MSG_FAILURE);
}
