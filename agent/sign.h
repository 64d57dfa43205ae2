/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_SIGN_H
#define AGENT_SIGN_H

#include "use.h"

/* SIGN_REQUEST from the request to the answer; handle_sign() is in handlers.h. */

/* For question.c: the user's answer. */
void sign_answered(struct use *use, const struct prompt_answer *answer);

/* The policy has settled a question before it was asked: not POLICY_ASK. */
void sign_settled(struct use *use, const struct policy_decision *decision);

/* For unseal.c: the key's passphrase was right, or the key stays sealed, for this reason. */
void sign_unsealed(struct use *use);
void sign_not_unsealed(struct use *use, const char *why);

/* The client has gone while its use was waiting for an answer: forgets the use. */
void sign_abandoned(struct client *client);

#endif
