/* SPDX-License-Identifier: BSD-2-Clause */
/* The predicates of the table of differences. */
#ifndef SPLIT_SSH_DIFFERENCES_H
#define SPLIT_SSH_DIFFERENCES_H

#include "differential.h"

/* differ_request.c: what is wrong with the bytes, or with the state of the connection. */
bool is_malformed_closed(const struct exchange *x);
bool is_left_over(const struct exchange *x);
bool is_left_over_key(const struct exchange *x);
bool is_left_over_all(const struct exchange *x);
bool is_left_over_lock(const struct exchange *x);
bool is_lock_fatal(const struct exchange *x);
bool is_passphrase_long(const struct exchange *x);
bool is_sign_flags(const struct exchange *x);
bool is_ssh1_remove_all(const struct exchange *x);
bool is_began_while_locked(const struct exchange *x);

/* differ_bind.c: extensions, and what a bound connection may. */
bool is_locked_extension(const struct exchange *x);
bool is_query(const struct exchange *x);
bool is_extension_failure(const struct exchange *x);
bool is_bind_repeated(const struct exchange *x);
bool is_bind_other_use(const struct exchange *x);
bool is_bind_left_over(const struct exchange *x);
bool is_bind_session_size(const struct exchange *x);
bool is_bind_certificate(const struct exchange *x);
bool is_bind_unverified(const struct exchange *x);
bool is_bind_failed(const struct exchange *x);
bool is_bind_failed_remove(const struct exchange *x);
bool is_unseen_added_again(const struct exchange *x);

/* differ_add.c: keys that one of the two takes. */
bool is_key_dsa(const struct exchange *x);
bool is_key_sk(const struct exchange *x);
bool is_key_rsa_short(const struct exchange *x);
bool is_key_halves(const struct exchange *x);
bool is_certificate_signature(const struct exchange *x);
bool is_comment_nul(const struct exchange *x);
bool is_destinations_none(const struct exchange *x);
bool is_destination_key(const struct exchange *x);
bool is_added_again_lost(const struct exchange *x);

/* Is the key that is added one of the pool, as it is? */
bool is_intact(const struct exchange *x);

/* Is our list of keys theirs without some? */
bool is_shorter_list(const struct exchange *x);

/* Is there a key of this blob in the answer to a LIST? */
bool list_has(const struct answer *list, struct view blob);

static inline bool answer_is(const struct answer *answer, uint8_t type)
{
    return answer->kind == ANSWER_FRAME && answer->body[0] == type;
}

/* We refuse, they do it. */
static inline bool only_they(const struct exchange *x, uint8_t type)
{
    return answer_is(x->ours, MSG_FAILURE) && answer_is(x->theirs, type);
}

static inline bool is_add(const struct exchange *x)
{
    return x->request.type == MSG_ADD || x->request.type == MSG_ADD_CONSTRAINED;
}

#endif
