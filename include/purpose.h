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

/*@
  predicate purpose_in(struct purpose *p, uint8_t *data, integer len) =
    view_valid(p->session_id) && view_in(p->session_id, data, len) &&
    view_valid(p->user) && view_in(p->user, data, len) &&
    view_valid(p->algorithm) && view_in(p->algorithm, data, len) &&
    view_valid(p->host_key) && view_in(p->host_key, data, len) &&
    view_valid(p->name_space) && view_in(p->name_space, data, len) &&
    view_valid(p->hash_algorithm) && view_in(p->hash_algorithm, data, len);
*/

/*@
  requires view_valid(a) && view_valid(b);
  assigns \nothing;
*/
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

/*@
  requires view_valid(algorithm);
  assigns \nothing;
*/
/* RFC 8332 */
static inline bool purpose_is_rsa_sha2(struct view algorithm, bool is_cert)
{
    if (is_cert) {
        return view_is(algorithm, "rsa-sha2-256-cert-v01@openssh.com") ||
               view_is(algorithm, "rsa-sha2-512-cert-v01@openssh.com");
    }
    return view_is(algorithm, "rsa-sha2-256") || view_is(algorithm, "rsa-sha2-512");
}

/*@
  requires view_valid(algorithm) && \valid_read(key) && public_key_valid(key);
  assigns \nothing;
*/
/* Is it a name for signatures by this key, or by this certificate: RFC 8332, PROTOCOL.certkeys? */
static inline bool purpose_is_algorithm_of(struct view algorithm, const struct public_key *key)
{
    if (key->type->kind == KEY_RSA && purpose_is_rsa_sha2(algorithm, key->is_cert)) {
        return true;
    }
    return view_is(algorithm, key->is_cert ? key->type->cert_name : key->type->name);
}

/*@
  requires view_valid(algorithm) && view_valid(blob) && view_valid(key_blob);
  assigns \nothing;
*/
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

/*@
  requires view_valid(method);
  assigns \nothing;
*/
static inline bool purpose_is_hostbound(struct view method)
{
    return view_is(method, "publickey-hostbound-v00@openssh.com");
}

/*@
  requires view_valid(service) && view_valid(method);
  assigns \nothing;
*/
static inline bool purpose_is_login(struct view service, struct view method)
{
    return view_is(service, "ssh-connection") &&
           (purpose_is_hostbound(method) || view_is(method, "publickey"));
}

/*@
  requires view_valid(data) && view_valid(key_blob);
  requires \valid(ret) && \separated(ret, data.data + (0 .. data.len - 1));
  assigns *ret;
  ensures \result != 0 ==> purpose_in(ret, data.data, data.len);
  ensures \result == 0 ==> *ret == \old(*ret);
*/
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
    /*@ assert view_in(purpose.user, data.data, data.len); */
    service = wire_string(&r, KEY_TYPE_MAX);
    method = wire_string(&r, KEY_TYPE_MAX);
    has_signature = wire_u8(&r);
    /*@ assert r.at == data.data + (data.len - r.left) && r.left <= data.len; */
    purpose.algorithm = wire_string(&r, KEY_TYPE_MAX);
    /*@ assert view_in(purpose.algorithm, data.data, data.len); */
    blob = wire_string(&r, FRAME_MAX);
    /*@ assert r.at == data.data + (data.len - r.left) && r.left <= data.len; */
    hostbound = purpose_is_hostbound(method);
    if (hostbound) {
        purpose.host_key = wire_string(&r, HOST_KEY_MAX);
    }
    /*@ assert view_in(purpose.host_key, data.data, data.len); */
    if (wire_end(&r) != OK || purpose.session_id.len == 0 || message != PURPOSE_USERAUTH_REQUEST ||
        has_signature != 1 || !purpose_is_login(service, method) ||
        (hostbound && purpose.host_key.len == 0) ||
        !purpose_is_key(purpose.algorithm, blob, key_blob)) {
        return false;
    }
    purpose.other_blob = !view_equal(blob, key_blob);
    *ret = purpose;
    return true;
}

/*@
  requires view_valid(algorithm);
  assigns \nothing;
*/
/* Bytes of a hash; 0 if an SSHSIG cannot have it. */
static inline size_t purpose_hash_size(struct view algorithm)
{
    return view_is(algorithm, "sha512") ? 64 : view_is(algorithm, "sha256") ? 32 : 0;
}

/*@
  requires view_valid(magic);
  assigns \nothing;
*/
static inline bool purpose_is_sshsig(struct view magic)
{
    return view_is(magic, "SSHSIG");
}

/*@
  requires view_valid(data);
  requires \valid(ret) && \separated(ret, data.data + (0 .. data.len - 1));
  assigns *ret;
  ensures \result != 0 ==> purpose_in(ret, data.data, data.len);
  ensures \result == 0 ==> *ret == \old(*ret);
*/
static inline bool purpose_parse_sshsig(struct view data, struct purpose *ret)
{
    struct wire_reader r = wire_reader(data.data, data.len);
    struct purpose purpose = {.kind = PURPOSE_SSHSIG};
    struct view magic = wire_bytes(&r, 6);
    struct view reserved;
    struct view hash;
    size_t size;

    purpose.name_space = wire_string(&r, NAMESPACE_MAX);
    /*@ assert view_in(purpose.name_space, data.data, data.len); */
    reserved = wire_string(&r, FRAME_MAX);
    purpose.hash_algorithm = wire_string(&r, KEY_TYPE_MAX);
    /*@ assert view_in(purpose.hash_algorithm, data.data, data.len); */
    hash = wire_string(&r, FRAME_MAX);
    size = purpose_hash_size(purpose.hash_algorithm);
    if (wire_end(&r) != OK || !purpose_is_sshsig(magic) || purpose.name_space.len == 0 ||
        reserved.len != 0 || size == 0 || hash.len != size) {
        return false;
    }
    *ret = purpose;
    return true;
}

/*@
  requires view_valid(data) && view_valid(key_blob);
  assigns \nothing;
  ensures view_valid(\result.session_id) && view_in(\result.session_id, data.data, data.len);
  ensures view_valid(\result.user) && view_in(\result.user, data.data, data.len);
  ensures view_valid(\result.algorithm) && view_in(\result.algorithm, data.data, data.len);
  ensures view_valid(\result.host_key) && view_in(\result.host_key, data.data, data.len);
  ensures view_valid(\result.name_space) && view_in(\result.name_space, data.data, data.len);
  ensures view_valid(\result.hash_algorithm);
  ensures view_in(\result.hash_algorithm, data.data, data.len);
*/
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
