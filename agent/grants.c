/* SPDX-License-Identifier: BSD-2-Clause */
#include "grants.h"

#include <string.h>

static struct grant grants[GRANTS_MAX];
static size_t count;

static void drop(size_t i)
{
    grants[i] = grants[--count];
    memset(&grants[count], 0, sizeof grants[count]);
}

static bool is_for(const struct grant *grant, const char *qube, uint64_t key,
                   const uint8_t scope[GRANT_SCOPE_SIZE])
{
    return grant->key == key && strcmp(grant->qube, qube) == 0 &&
           memcmp(grant->scope, scope, GRANT_SCOPE_SIZE) == 0;
}

void grants_add(const struct grant *grant)
{
    size_t at = 0;

    while (at < count && !is_for(&grants[at], grant->qube, grant->key, grant->scope)) {
        at++;
    }
    if (at == GRANTS_MAX) {
        at = 0;
        for (size_t i = 1; i < count; i++) {
            at = grants[i].expiry < grants[at].expiry ? i : at;
        }
    }
    count += at == count ? 1 : 0;
    grants[at] = *grant;
}

bool grants_has(const char *qube, uint64_t key, const uint8_t scope[GRANT_SCOPE_SIZE],
                bool in_keystore, uint64_t now)
{
    for (size_t i = 0; i < count; i++) {
        if (is_for(&grants[i], qube, key, scope) && grants[i].expiry > now &&
            (grants[i].in_keystore || !in_keystore)) {
            return true;
        }
    }
    return false;
}

unsigned grants_drop_key(uint64_t key)
{
    unsigned dropped = 0;

    for (size_t i = count; i > 0; i--) {
        if (grants[i - 1].key == key) {
            drop(i - 1);
            dropped++;
        }
    }
    return dropped;
}

unsigned grants_drop_qube(const char *qube)
{
    unsigned dropped = 0;

    for (size_t i = count; i > 0; i--) {
        if (strcmp(grants[i - 1].qube, qube) == 0) {
            drop(i - 1);
            dropped++;
        }
    }
    return dropped;
}

unsigned grants_drop_all(void)
{
    unsigned dropped = (unsigned)count;

    memset(grants, 0, sizeof grants);
    count = 0;
    return dropped;
}

const struct grant *grants_next(size_t *at, uint64_t now)
{
    while (*at < count) {
        const struct grant *grant = &grants[(*at)++];

        if (grant->expiry > now) {
            return grant;
        }
    }
    return NULL;
}
