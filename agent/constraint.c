/* SPDX-License-Identifier: BSD-2-Clause */
#include "constraint.h"

#include <stdlib.h>

#include "constraint_fields.h"
#include "log.h"

/* A type that we do not know can be listed in known_hosts beside others; it never matches. */
static enum err check_key(struct view blob)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct view name = wire_string(&r, KEY_TYPE_MAX);
    const struct key_type *type;
    struct public_key key;
    bool is_cert;

    if (r.err != OK || name.len == 0) {
        return r.err != OK ? r.err : ERR_MALFORMED;
    }
    return key_type_find(name, &type, &is_cert) == OK ? public_key_parse(blob, &key) : OK;
}

static enum err check_keys(struct view keys, size_t *ret_count)
{
    struct wire_reader r = wire_reader(keys.data, keys.len);
    struct view blob;
    bool authority;
    size_t count = 0;

    while (next_key(&r, &blob, &authority)) {
        enum err err = check_key(blob);

        if (err != OK) {
            return err == ERR_TOO_BIG ? err : ERR_MALFORMED;
        }
        if (++count > CONSTRAINT_KEYS_MAX) {
            return ERR_TOO_BIG;
        }
    }
    *ret_count = count;
    return r.err;
}

static enum err parse_end(struct view bytes, struct end *ret, struct view *ret_user)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct end end;
    size_t count;
    enum err err;

    struct view user = wire_string(&r, USER_MAX);
    struct view reserved;
    end.host = wire_string(&r, HOST_MAX);
    reserved = wire_string(&r, FRAME_MAX);
    end.keys = wire_rest(&r);
    if (r.err != OK) {
        return r.err;
    }
    if (reserved.len > 0) {
        return ERR_CONSTRAINT;
    }
    err = check_keys(end.keys, &count);
    if (err != OK) {
        return err;
    }
    if (has_nul(user) || has_nul(end.host) || (end.host.len == 0) != (count == 0)) {
        return ERR_MALFORMED;
    }
    *ret = end;
    *ret_user = user;
    return OK;
}

static enum err parse_constraint(struct view bytes, struct constraint *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct view from = wire_string(&r, FRAME_MAX);
    struct view to = wire_string(&r, FRAME_MAX);
    struct view reserved = wire_string(&r, FRAME_MAX);
    struct view user = {0};
    enum err err = wire_end(&r);

    if (err == OK && reserved.len > 0) {
        err = ERR_CONSTRAINT;
    }
    if (err == OK) {
        err = parse_end(from, &ret->from, &user);
    }
    if (err == OK && user.len > 0) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        err = parse_end(to, &ret->to, &user);
    }
    if (err == OK && ret->to.host.len == 0) {
        err = ERR_MALFORMED;
    }
    if (err == OK && user.len > 0) {
        ret->user = strndup((const char *)user.data, user.len);
        err = ret->user != NULL ? OK : ERR_NO_MEMORY;
    }
    return err;
}

static enum err count_constraints(struct view list, size_t *ret)
{
    struct wire_reader r = wire_reader(list.data, list.len);
    size_t count = 0;

    while (r.err == OK && r.left > 0) {
        wire_string(&r, FRAME_MAX);
        count++;
    }
    if (r.err != OK || count == 0) {
        return r.err != OK ? r.err : ERR_MALFORMED;
    }
    *ret = count;
    return count <= CONSTRAINTS_MAX ? OK : ERR_TOO_BIG;
}

static enum err parse_list(struct view list, struct constraints *constraints)
{
    struct wire_reader r;
    enum err err = OK;

    constraints->bytes = malloc(list.len);
    if (constraints->bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(constraints->bytes, list.data, list.len);
    r = wire_reader(constraints->bytes, list.len);
    for (size_t i = 0; i < constraints->count && err == OK; i++) {
        err = parse_constraint(wire_string(&r, FRAME_MAX), &constraints->list[i]);
    }
    return err;
}

enum err constraints_parse(struct view list, struct constraints **ret)
{
    struct constraints *constraints;
    size_t count = 0;
    enum err err = count_constraints(list, &count);

    if (err != OK) {
        return err;
    }
    constraints = calloc(1, sizeof *constraints + count * sizeof constraints->list[0]);
    if (constraints == NULL) {
        return ERR_NO_MEMORY;
    }
    constraints->count = count;
    err = parse_list(list, constraints);
    if (err == OK) {
        *ret = constraints;
    } else {
        constraints_free(&constraints);
    }
    return err;
}

void constraints_free(struct constraints **constraints)
{
    if (*constraints == NULL) {
        return;
    }
    for (size_t i = 0; i < (*constraints)->count; i++) {
        free((*constraints)->list[i].user);
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
    int n = snprintf(
        ret, cap, "%.*s%s%s%s%.*s", (int)from->host.len, (const char *)from->host.data,
        from->host.len > 0 ? ">" : "", constraint->user != NULL ? constraint->user : "",
        constraint->user != NULL ? "@" : "", (int)to->host.len, (const char *)to->host.data);

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
