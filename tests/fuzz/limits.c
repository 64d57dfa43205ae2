/* SPDX-License-Identifier: BSD-2-Clause */
#include "around_agent.h"

#define KEYS     16U
#define LIST_MAX 4096U

static struct limit {
    uint64_t blob; /* its hash; 0: none */
    bool differ;   /* once so, once so, or too long */
    size_t len;
    uint8_t list[LIST_MAX];
} limits[KEYS];

static bool is_lost;

/* Its place, or a free one; NULL if there is none. */
static struct limit *find(struct view blob)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (limits[i].blob == hash_of(blob) || limits[i].blob == 0) {
            return &limits[i];
        }
    }
    return NULL;
}

void limit_add(struct view blob, struct view destinations)
{
    struct limit *limit = find(blob);

    if (limit == NULL) {
        return;
    }
    if (limit->blob == 0 && destinations.len > 0 && destinations.len <= LIST_MAX) {
        limit->len = destinations.len;
        memcpy(limit->list, destinations.data, destinations.len);
    }
    limit->blob = hash_of(blob);
    if (!view_equal((struct view){limit->list, limit->len}, destinations)) {
        limit->differ = true;
    }
}

void limit_lose(void)
{
    is_lost = true;
}

void limit_reset(void)
{
    memset(limits, 0, sizeof limits);
    is_lost = false;
}

struct view limit_of(struct view blob)
{
    const struct limit *limit = find(blob);

    if (limit == NULL || limit->differ || is_lost) {
        return (struct view){0};
    }
    return (struct view){limit->list, limit->len};
}
