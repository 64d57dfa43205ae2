/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CERTIFICATE_H
#define AGENT_CERTIFICATE_H

#include "keyblob.h"

#define CERTIFICATE_USER 1U
#define CERTIFICATE_HOST 2U

/* OpenSSH's PROTOCOL.certkeys, "New certificate keys"; views into its blob. */
struct certificate {
    struct public_key key; /* what it certifies */
    uint64_t serial;
    uint32_t type; /* CERTIFICATE_* */
    struct view key_id;
    struct view principals; /* strings, one after the other; CERTIFICATE_PRINCIPALS_MAX at most */
    uint64_t valid_after;   /* seconds since 1970: from then on ... */
    uint64_t valid_before;  /* ... until before then */
    struct view critical_options; /* pairs of strings, one after the other */
    struct view extensions;       /* the same */
    struct view signature_key;    /* a plain key's blob */
    struct view signature;
    struct view signed_bytes; /* what the signature is over */
};

/*@
  predicate certificate_fields_in(struct certificate c, uint8_t *data, integer len) =
    view_in(c.key_id, data, len) && view_in(c.principals, data, len) &&
    view_in(c.critical_options, data, len) && view_in(c.extensions, data, len) &&
    view_in(c.signature_key, data, len) && view_in(c.signature, data, len) &&
    view_in(c.signed_bytes, data, len);

  predicate certificate_fields_valid(struct certificate c) =
    view_valid(c.key_id) && view_valid(c.principals) && view_valid(c.critical_options) &&
    view_valid(c.extensions) && view_valid(c.signature_key) && view_valid(c.signature) &&
    view_valid(c.signed_bytes);
*/

/*@
  requires view_valid(blob) && \valid(ret) && \separated(ret, blob.data + (0 .. blob.len - 1));
  assigns *ret;
  ensures \result == OK ==> public_key_in(&ret->key, blob.data, blob.len);
  ensures \result == OK ==> certificate_fields_in(*ret, blob.data, blob.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * A whole certificate of a type that keyblob.h has. ERR_MALFORMED also for a blob that is a plain
 * key, and where the signature key is a certificate; the rest as public_key_parse(). Nothing is
 * verified. Pure.
 */
enum err must_check certificate_parse(struct view blob, struct certificate *ret);

/*
 * May a host use it at now (seconds since 1970)? Only a certificate for hosts, within its time,
 * without critical options (none is known for hosts), for one principal at least: one without
 * is good for every name, so it proves none. The signature is not looked at. Pure.
 */
bool certificate_is_for_host(const struct certificate *certificate, uint64_t now);

/* OK: its signature is the one of its signature key. Errors as verify_signature()'s. Pure. */
enum err must_check certificate_verify(const struct certificate *certificate);

#endif
