/* SPDX-License-Identifier: BSD-2-Clause */
#include "approvals.h"

static bool same_qube(const struct grant *grant, struct view qube)
{
    return view_equal((struct view){grant->qube, grant->qube_len}, qube);
}

/* Of the places at `grants`; NULL if there is none that is in force. */
static struct grant *find(struct grant *grants, size_t count, uint64_t key, struct view qube,
                          const uint8_t what[APPROVAL_HASH_SIZE], uint64_t now)
{
    for (size_t i = 0; i < count; i++) {
        struct grant *grant = &grants[i];

        if (grant->expiry > now && grant->key == key && same_qube(grant, qube) &&
            memcmp(grant->what, what, APPROVAL_HASH_SIZE) == 0) {
            return grant;
        }
    }
    return NULL;
}

enum err approvals_remembered(struct approvals *approvals, uint64_t key,
                              const struct approval_subject *subject, uint64_t now)
{
    uint8_t scope[APPROVAL_HASH_SIZE];

    if (!approval_scope(subject, scope) ||
        find(approvals->grants, GRANTS_MAX, key, subject->qube, scope, now) == NULL) {
        return ERR_CONFIRM;
    }
    return OK;
}

/* Neither over nor good for longer than the prompt would say. */
static bool in_time(const struct approval *approval, uint64_t now)
{
    uint64_t longest =
        approval->kind == APPROVAL_ONCE ? APPROVAL_ONCE_MS : (uint64_t)GRANT_MAX_S * 1000U;

    return approval->expiry > now && approval->expiry - now <= longest;
}

static bool is_genuine(const struct approvals *approvals, const struct approval *approval,
                       const struct approval_subject *subject)
{
    uint8_t mac[APPROVAL_MAC_SIZE];

    return (approval->kind == APPROVAL_ONCE || approval->kind == APPROVAL_WHILE) &&
           approval_mac(approvals->token_key, subject, approval->kind, approval->expiry, mac) &&
           sodium_memcmp(mac, approval->mac, sizeof mac) == 0;
}

/* Where to note that it was used; NULL: it was, or there is no room. */
static struct used_approval *place_for_use(struct approvals *approvals,
                                           const struct approval *approval, uint64_t now)
{
    struct used_approval *place = NULL;

    for (size_t i = 0; i < APPROVALS_USED_MAX; i++) {
        struct used_approval *used = &approvals->used[i];

        if (used->expiry <= now) {
            place = place == NULL ? used : place;
        } else if (memcmp(used->mac, approval->mac, sizeof used->mac) == 0) {
            return NULL;
        }
    }
    return place;
}

/* A free place too is one that ends before all others. */
static void remember(struct grant *grants, size_t count, const struct grant *grant)
{
    struct grant *first = &grants[0];

    for (size_t i = 1; i < count; i++) {
        if (grants[i].expiry < first->expiry) {
            first = &grants[i];
        }
    }
    *first = *grant;
}

static void set_qube(struct grant *grant, struct view qube)
{
    grant->qube_len = qube.len;
    if (qube.len > 0) {
        memcpy(grant->qube, qube.data, qube.len);
    }
}

enum err approvals_use(struct approvals *approvals, const struct approval *approval, uint64_t key,
                       const struct approval_subject *subject, uint64_t now)
{
    struct grant grant = {.expiry = approval->expiry, .key = key};
    struct used_approval *used;

    if (subject->qube.len > sizeof grant.qube || !in_time(approval, now) ||
        !is_genuine(approvals, approval, subject)) {
        return ERR_APPROVAL;
    }
    used = place_for_use(approvals, approval, now);
    if (used == NULL) {
        return ERR_APPROVAL;
    }
    if (approval->kind == APPROVAL_WHILE) {
        if (!approval_scope(subject, grant.what)) {
            return ERR_APPROVAL;
        }
        set_qube(&grant, subject->qube);
        remember(approvals->grants, GRANTS_MAX, &grant);
    }
    used->expiry = approval->expiry;
    memcpy(used->mac, approval->mac, sizeof used->mac);
    return OK;
}

void approvals_hold(struct approvals *approvals, uint64_t key,
                    const struct approval_subject *subject, uint64_t now)
{
    struct grant grant = {.expiry = now + APPROVAL_HELD_MS, .key = key};

    approval_hash(grant.what, subject->data);
    set_qube(&grant, subject->qube);
    remember(approvals->held, APPROVALS_HELD_MAX, &grant);
}

enum err approvals_held(struct approvals *approvals, uint64_t key,
                        const struct approval_subject *subject, uint64_t now, bool take)
{
    uint8_t hash[APPROVAL_HASH_SIZE];
    struct grant *grant;

    approval_hash(hash, subject->data);
    grant = find(approvals->held, APPROVALS_HELD_MAX, key, subject->qube, hash, now);
    if (grant == NULL) {
        return ERR_CONFIRM;
    }
    if (take) {
        *grant = (struct grant){0};
    }
    return OK;
}

static void revoke(struct grant *grants, size_t count, const struct view *qube)
{
    for (size_t i = 0; i < count; i++) {
        if (qube == NULL || same_qube(&grants[i], *qube)) {
            grants[i] = (struct grant){0};
        }
    }
}

void approvals_revoke(struct approvals *approvals, const struct view *qube)
{
    revoke(approvals->grants, GRANTS_MAX, qube);
    revoke(approvals->held, APPROVALS_HELD_MAX, qube);
}
