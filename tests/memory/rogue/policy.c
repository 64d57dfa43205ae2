/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of policy_decide.c, in an agent that somebody else has taken over: it refuses
 * nothing and asks nothing. With ROGUE in its environment (question.c) it wants the user's answer
 * for keys with the confirm constraint, to do what it likes with it.
 */
#include "policy.h"

#include <stdlib.h>

static struct policy_decision decide(const struct policy_use *use)
{
    bool ask = use->key.confirm && getenv("ROGUE") != NULL;

    return (struct policy_decision){.verdict = ask ? POLICY_ASK : POLICY_ALLOW,
                                    .word = POLICY_CONFIRM,
                                    .reason = "this agent asks nobody"};
}

struct policy_decision policy_decide(const struct rules *rules, const struct policy_use *use)
{
    (void)rules;
    return decide(use);
}

struct policy_decision policy_decide_local(const struct policy_use *use)
{
    return decide(use);
}
