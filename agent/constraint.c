/* SPDX-License-Identifier: BSD-2-Clause */
#include "constraint.h"

#include <stdlib.h>

#include "constraint_fields.h"
#include "log.h"

enum err constraints_parse(struct view list, struct constraints **ret)
{
    struct constraints *constraints;
    size_t count;
    enum err err = constraints_count(list, &count);

    if (err != OK) {
        return err;
    }
    constraints = calloc(1, sizeof *constraints + count * sizeof constraints->list[0]);
    if (constraints == NULL) {
        return ERR_NO_MEMORY;
    }
    constraints->count = count;
    constraints->bytes = malloc(list.len);
    if (constraints->bytes == NULL) {
        err = ERR_NO_MEMORY;
        goto out;
    }
    memcpy(constraints->bytes, list.data, list.len);
    err = constraints_read((struct view){constraints->bytes, list.len}, count, constraints->list);
    if (err == OK) {
        *ret = constraints;
        constraints = NULL;
    }
out:
    constraints_free(&constraints);
    return err;
}

void constraints_free(struct constraints **constraints)
{
    if (*constraints == NULL) {
        return;
    }
    free((*constraints)->bytes);
    free(*constraints);
    *constraints = NULL;
}

/* At most cap bytes of "from>user@to" into ret; returns how many there are. */
static size_t describe_one(const struct constraint *constraint, char *ret, size_t cap)
{
    const struct end *from = &constraint->from;
    const struct end *to = &constraint->to;
    struct view user = constraint->user;
    int n =
        snprintf(ret, cap, "%.*s%s%.*s%s%.*s", (int)from->host.len, (const char *)from->host.data,
                 from->host.len > 0 ? ">" : "", (int)user.len, (const char *)user.data,
                 user.len > 0 ? "@" : "", (int)to->host.len, (const char *)to->host.data);

    return n < 0 ? 0 : (size_t)n;
}

void constraints_describe(const struct constraints *constraints, char *ret, size_t cap)
{
    static const char more[] = "...";
    char one[2 * HOST_MAX + USER_MAX + 3];
    size_t used = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < constraints->count; i++) {
        size_t len = describe_one(&constraints->list[i], one, sizeof one);
        size_t comma = i > 0 ? 2 : 0;
        size_t tail = i + 1 < constraints->count ? 2 + sizeof more - 1 : 0;

        if (comma + len + tail >= cap - used) {
            snprintf(ret + used, cap - used, "%s%s", comma > 0 ? ", " : "", more);
            return;
        }
        memcpy(ret + used, ", ", comma);
        log_clean(ret + used + comma, cap - used - comma, one, len);
        used += comma + len;
    }
}
