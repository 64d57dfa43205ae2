/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"

enum { CONSTRAIN_LIFETIME = 1, CONSTRAIN_CONFIRM = 2, CONSTRAIN_EXTENSION = 255 };

/*
 * ADD's fields: 's' string, 'm' mpint, 'b' byte; which of them, in order, are the blob's. What is
 * longer than max, or a number than max_number, belongs to no such key.
 */
static const struct layout {
    const char *type;
    const char *plain;
    const char *blob; /* indexes into plain */
    const char *certified;
    size_t max;        /* bytes */
    size_t max_number; /* bytes */
} layouts[] = {
    {"ssh-ed25519", "ss", "0", "ss", 64, 0},
    {"ssh-rsa", "mmmmmm", "10", "mmmm", 0, MPINT_MAX},
    {"ecdsa-sha2-nistp256", "ssm", "01", "m", 65, 33},
    {"ecdsa-sha2-nistp384", "ssm", "01", "m", 97, 49},
    {"ecdsa-sha2-nistp521", "ssm", "01", "m", 133, 67},
    {"ssh-dss", "mmmmm", "0123", "m", 0, FRAME_MAX},
    {"sk-ssh-ed25519@openssh.com", "ssbss", "01", "ssbss", FRAME_MAX, 0},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sssbss", "012", "sssbss", FRAME_MAX, 0},
};

static const struct layout *find_layout(struct view name, bool *ret_certified)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        /* sk-ssh-ed25519@openssh.com's is sk-ssh-ed25519-cert-v01@openssh.com. */
        size_t stem = strcspn(layouts[i].type, "@");

        if (view_is(name, layouts[i].type)) {
            *ret_certified = false;
            return &layouts[i];
        }
        if (name.len > stem && memcmp(name.data, layouts[i].type, stem) == 0 &&
            view_is((struct view){name.data + stem, name.len - stem}, CERTIFICATE_SUFFIX)) {
            *ret_certified = true;
            return &layouts[i];
        }
    }
    return NULL;
}

static void put_blob(const struct layout *layout, const struct view *fields, struct request *ret)
{
    static uint8_t bytes[FRAME_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_text(&w, layout->type);
    for (const char *at = layout->blob; *at != '\0'; at++) {
        size_t i = (size_t)(*at - '0');

        if (layout->plain[i] == 'm') {
            put_mpint(&w, fields[i]);
        } else {
            put_string(&w, fields[i]);
        }
    }
    ret->blob = wire_written(&w);
}

static struct view read_field(struct wire_reader *r, const struct layout *layout, char kind)
{
    return kind == 'b'   ? wire_bytes(r, 1)
           : kind == 'm' ? wire_mpint(r, layout->max_number)
                         : wire_string(r, layout->max);
}

/* OpenSSH's PROTOCOL.certkeys. */
static enum err check_certificate(const struct layout *layout, struct view blob)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    bool certified = false;
    const struct layout *own = find_layout(wire_string(&r, KEY_TYPE_MAX), &certified);

    if (own != layout || !certified) {
        return ERR_MALFORMED;
    }
    wire_string(&r, FRAME_MAX); /* nonce */
    for (const char *at = layout->blob; *at != '\0'; at++) {
        read_field(&r, layout, layout->plain[*at - '0']);
    }
    wire_u64(&r); /* serial */
    wire_u32(&r); /* type */
    wire_string(&r, FRAME_MAX);
    wire_string(&r, FRAME_MAX);
    wire_u64(&r);                      /* valid after */
    wire_u64(&r);                      /* valid before */
    for (unsigned i = 0; i < 4; i++) { /* options, extensions, reserved, authority */
        wire_string(&r, FRAME_MAX);
    }
    wire_string(&r, SIGNATURE_MAX);
    return wire_end(&r);
}

static void read_constraints(struct wire_reader *r, struct request *ret)
{
    unsigned lives = 0;
    unsigned confirms = 0;

    while (r->err == OK && r->left > 0) {
        uint8_t kind = wire_u8(r);

        if (kind == CONSTRAIN_LIFETIME && lives++ == 0) {
            wire_u32(r);
        } else if (kind == CONSTRAIN_LIFETIME || (kind == CONSTRAIN_CONFIRM && confirms++ > 0)) {
            r->err = ERR_MALFORMED;
        } else if (kind == CONSTRAIN_CONFIRM) {
            continue;
        } else if (kind == CONSTRAIN_EXTENSION &&
                   view_is(wire_string(r, FRAME_MAX), "restrict-destination-v00@openssh.com")) {
            struct view list = wire_string(r, FRAME_MAX);

            ret->no_destinations = r->err == OK && list.len == 0;
            if (ret->destinations || ret->no_destinations) {
                r->err = ERR_MALFORMED;
            }
            ret->destinations = true;
            ret->hops = list;
        } else { /* nobody knows how long it is */
            ret->unknown_constraint = true;
            r->left = 0;
            return;
        }
    }
}

static void read_add(struct wire_reader *r, struct request *ret)
{
    struct view fields[8] = {{0}};
    const struct layout *layout;
    const char *kinds;

    ret->name = wire_string(r, KEY_TYPE_MAX);
    layout = find_layout(ret->name, &ret->certified);
    if (layout == NULL) {
        r->left = 0;
        return;
    }
    if (ret->certified) {
        ret->blob = wire_string(r, FRAME_MAX);
    }
    kinds = ret->certified ? layout->certified : layout->plain;
    for (size_t i = 0; kinds[i] != '\0'; i++) {
        fields[i] = read_field(r, layout, kinds[i]);
    }
    ret->comment = wire_string(r, FRAME_MAX);
    ret->has_fields = r->err == OK;
    if (ret->comment.len > 0 && memchr(ret->comment.data, '\0', ret->comment.len) != NULL) {
        r->err = ERR_MALFORMED;
    }
    if (!ret->certified && ret->has_fields) {
        put_blob(layout, fields, ret);
    }
    if (ret->certified && check_certificate(layout, ret->blob) != OK) {
        r->err = ERR_MALFORMED;
    }
    if (ret->type == MSG_ADD_CONSTRAINED) {
        read_constraints(r, ret);
    }
}

struct request request_read(struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct request ret = {.type = wire_u8(&r)};

    switch (ret.type) {
    case MSG_LIST:
    case MSG_REMOVE_ALL:
        break;
    case MSG_SIGN:
        ret.blob = wire_string(&r, FRAME_MAX);
        ret.data = wire_string(&r, FRAME_MAX);
        ret.flags = wire_u32(&r);
        break;
    case MSG_ADD:
    case MSG_ADD_CONSTRAINED:
        read_add(&r, &ret);
        break;
    case MSG_REMOVE:
        ret.blob = wire_string(&r, FRAME_MAX);
        break;
    case MSG_LOCK:
    case MSG_UNLOCK:
        ret.passphrase = wire_string(&r, FRAME_MAX);
        break;
    case MSG_EXTENSION:
        ret.name = wire_string(&r, FRAME_MAX);
        ret.rest = wire_rest(&r);
        break;
    default: /* nobody reads it */
        r.left = 0;
        break;
    }
    if (ret.type == MSG_EXTENSION && view_is(ret.name, "query")) {
        r.left = ret.rest.len; /* it has no body */
    }
    ret.left_over = r.err == OK && r.left > 0;
    ret.well_formed = wire_end(&r) == OK;
    return ret;
}
