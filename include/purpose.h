/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the bytes are that somebody wants signed: the agent decides by it, the prompt shows it, and
 * the keystore limits an approval to it, each from the bytes themselves. Pure.
 */
#ifndef SPLIT_SSH_PURPOSE_H
#define SPLIT_SSH_PURPOSE_H

#include "keyblob.h"

enum purpose_kind {
    PURPOSE_OPAQUE, /* anything that is not exactly one of the others */
    PURPOSE_LOGIN,  /* RFC 4252, section 7, or OpenSSH's PROTOCOL, publickey-hostbound-v00 */
    PURPOSE_SSHSIG, /* OpenSSH's PROTOCOL.sshsig, section 3 */
};

/* Views into the data; what the kind does not have is empty. */
struct purpose {
    enum purpose_kind kind;
    struct view session_id;     /* login: 1 to SESSION_ID_MAX bytes */
    struct view user;           /* at most USER_MAX bytes, of any value */
    struct view algorithm;      /* login: of the signature, as the embedded key can have it */
    struct view host_key;       /* what a hostbound login is bound to; else empty */
    bool other_blob;            /* login: names the key by its certificate, or the other way */
    struct view name_space;     /* SSHSIG: 1 to NAMESPACE_MAX bytes, of any value */
    struct view hash_algorithm; /* sha256 or sha512 */
};

#define PURPOSE_USERAUTH_REQUEST 50U /* RFC 4252, section 6: SSH_MSG_USERAUTH_REQUEST */

/* Are these the blobs of one key pair, one of them as a certificate, perhaps? */
static inline bool purpose_same_key(struct view a, struct view b)
{
    struct public_key left;
    struct public_key right;

    if (view_equal(a, b)) {
        return true;
    }
    return public_key_parse(a, &left) == OK && public_key_parse(b, &right) == OK &&
           public_key_same(&left, &right);
}

/* Is it a name for signatures by this key, or by this certificate: RFC 8332, PROTOCOL.certkeys? */
static inline bool purpose_is_algorithm_of(struct view algorithm, const struct public_key *key)
{
    if (key->type->kind == KEY_RSA &&
        (view_is(algorithm, key->is_cert ? "rsa-sha2-256-cert-v01@openssh.com" : "rsa-sha2-256") ||
         view_is(algorithm, key->is_cert ? "rsa-sha2-512-cert-v01@openssh.com" : "rsa-sha2-512"))) {
        return true;
    }
    return view_is(algorithm, key->is_cert ? key->type->cert_name : key->type->name);
}

/*
 * Does a login name this algorithm and key, when it is signed with the key of key_blob? A client
 * that has the certificate only as a file asks an agent to sign with the plain key, over data that
 * names the certificate.
 */
static inline bool purpose_is_key(struct view algorithm, struct view blob, struct view key_blob)
{
    struct public_key named;

    return purpose_same_key(blob, key_blob) && public_key_parse(blob, &named) == OK &&
           purpose_is_algorithm_of(algorithm, &named);
}

static inline bool purpose_parse_login(struct view data, struct view key_blob, struct purpose *ret)
{
    struct wire_reader r = wire_reader(data.data, data.len);
    struct purpose purpose = {.kind = PURPOSE_LOGIN};
    uint8_t message;
    struct view service;
    struct view method;
    struct view blob;
    bool hostbound;
    uint8_t has_signature;

    purpose.session_id = wire_string(&r, SESSION_ID_MAX);
    message = wire_u8(&r);
    purpose.user = wire_string(&r, USER_MAX);
    service = wire_string(&r, KEY_TYPE_MAX);
    method = wire_string(&r, KEY_TYPE_MAX);
    has_signature = wire_u8(&r);
    purpose.algorithm = wire_string(&r, KEY_TYPE_MAX);
    blob = wire_string(&r, FRAME_MAX);
    hostbound = view_is(method, "publickey-hostbound-v00@openssh.com");
    if (hostbound) {
        purpose.host_key = wire_string(&r, HOST_KEY_MAX);
    }
    if (wire_end(&r) != OK || purpose.session_id.len == 0 || message != PURPOSE_USERAUTH_REQUEST ||
        !view_is(service, "ssh-connection") || (!hostbound && !view_is(method, "publickey")) ||
        (hostbound && purpose.host_key.len == 0) || has_signature != 1 ||
        !purpose_is_key(purpose.algorithm, blob, key_blob)) {
        return false;
    }
    purpose.other_blob = !view_equal(blob, key_blob);
    *ret = purpose;
    return true;
}

static inline bool purpose_parse_sshsig(struct view data, struct purpose *ret)
{
    struct wire_reader r = wire_reader(data.data, data.len);
    struct purpose purpose = {.kind = PURPOSE_SSHSIG};
    struct view magic = wire_bytes(&r, 6);
    struct view reserved;
    struct view hash;
    size_t size;

    purpose.name_space = wire_string(&r, NAMESPACE_MAX);
    reserved = wire_string(&r, FRAME_MAX);
    purpose.hash_algorithm = wire_string(&r, KEY_TYPE_MAX);
    hash = wire_string(&r, FRAME_MAX);
    size = view_is(purpose.hash_algorithm, "sha512")   ? 64
           : view_is(purpose.hash_algorithm, "sha256") ? 32
                                                       : 0;
    if (wire_end(&r) != OK || !view_is(magic, "SSHSIG") || purpose.name_space.len == 0 ||
        reserved.len != 0 || size == 0 || hash.len != size) {
        return false;
    }
    *ret = purpose;
    return true;
}

/* What data is, for a signature with the key of this blob. */
static inline struct purpose purpose_parse(struct view data, struct view key_blob)
{
    struct purpose purpose = {.kind = PURPOSE_OPAQUE};

    if (!purpose_parse_login(data, key_blob, &purpose)) {
        (void)purpose_parse_sshsig(data, &purpose);
    }
    return purpose;
}

#endif
