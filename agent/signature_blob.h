/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_SIGNATURE_BLOB_H
#define AGENT_SIGNATURE_BLOB_H

#include "limits.h"
#include "wire.h"

/* What SSH has as a signature (RFC 4253, section 6.6); views into it. */
struct signature_blob {
    struct view algorithm; /* at most KEY_TYPE_MAX bytes */
    struct view bytes;     /* as the algorithm has them; at most SIGNATURE_MAX */
};

/*@
  requires view_valid(blob) && \valid(ret) && \separated(ret, blob.data + (0 .. blob.len - 1));
  assigns *ret;
  ensures \result == OK ==> view_in(ret->algorithm, blob.data, blob.len);
  ensures \result == OK ==> view_in(ret->bytes, blob.data, blob.len);
  ensures \result == OK ==> ret->algorithm.len <= KEY_TYPE_MAX && ret->bytes.len <= SIGNATURE_MAX;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* A whole blob. ERR_MALFORMED or ERR_TOO_BIG; *ret is then untouched. Pure. */
enum err must_check signature_blob_parse(struct view blob, struct signature_blob *ret);

/* The bytes of an ECDSA signature (RFC 5656, section 3.1.2): big-endian, no leading zero. */
struct ecdsa_signature {
    struct view r, s;
};

/*@
  requires view_valid(bytes) && \valid(ret);
  requires \separated(ret, bytes.data + (0 .. bytes.len - 1)) && field <= MPINT_MAX;
  assigns *ret;
  ensures \result == OK ==> view_in(ret->r, bytes.data, bytes.len) && ret->r.len <= field + 1;
  ensures \result == OK ==> view_in(ret->s, bytes.data, bytes.len) && ret->s.len <= field + 1;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* Of a curve with field bytes. ERR_MALFORMED or ERR_TOO_BIG; *ret is then untouched. Pure. */
enum err must_check ecdsa_signature_parse(struct view bytes, size_t field,
                                          struct ecdsa_signature *ret);

#endif
