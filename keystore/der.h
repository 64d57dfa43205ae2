/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_DER_H
#define KEYSTORE_DER_H

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "wire.h"

/*
 * DER (X.690) with the wire's reader: libcrypto reads the header of each element, the contents stay
 * views. A read past the end, another element than expected and BER's indefinite lengths are
 * ERR_MALFORMED, which sticks to r.
 */

/* Identifiers: an element's first byte. */
enum der {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30,
    DER_PRIMITIVE_1 = 0x81, /* [1], not constructed */
    DER_CONTEXT_0 = 0xa0,   /* [0] */
    DER_CONTEXT_1 = 0xa1,   /* [1] */
};

/* Is the next element one of this kind? For those that are OPTIONAL. */
static inline bool der_is(const struct wire_reader *r, enum der identifier)
{
    return r->err == OK && r->left > 0 && r->at[0] == identifier;
}

/* The contents of the next element. */
static inline struct view der_get(struct wire_reader *r, enum der identifier)
{
    const uint8_t *contents = r->at;
    long len = 0;
    int tag;
    int class;

    if (!der_is(r, identifier) || r->left > INT32_MAX ||
        (ASN1_get_object(&contents, &len, &tag, &class, (long)r->left) & 0x81) != 0) {
        r->err = ERR_MALFORMED;
        return (struct view){r->at, 0};
    }
    wire_bytes(r, (size_t)(contents - r->at));
    return wire_bytes(r, (size_t)len);
}

/* A reader of the contents of the next element, with r's error if there is one. */
static inline struct wire_reader der_enter(struct wire_reader *r, enum der identifier)
{
    struct view contents = der_get(r, identifier);
    struct wire_reader inner = wire_reader(contents.data, contents.len);

    inner.err = r->err;
    return inner;
}

/* An INTEGER that is not negative, as it stands there: big-endian, perhaps with zeros in front. */
static inline struct view der_number(struct wire_reader *r)
{
    struct view v = der_get(r, DER_INTEGER);

    if (r->err == OK && (v.len == 0 || (v.data[0] & 0x80) != 0)) {
        r->err = ERR_MALFORMED;
    }
    return v;
}

/* An INTEGER from 0 to UINT32_MAX; greater ones are UINT32_MAX. */
static inline uint32_t der_u32(struct wire_reader *r)
{
    struct view v = der_number(r);
    uint64_t n = 0;

    for (size_t i = 0; i < v.len && n <= UINT32_MAX; i++) {
        n = n << 8 | v.data[i];
    }
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* libcrypto's number (NID_*) of an OBJECT IDENTIFIER; NID_undef where it knows none. */
static inline int der_oid(struct wire_reader *r)
{
    const uint8_t *start = r->at;
    ASN1_OBJECT *object;
    int nid;

    der_get(r, DER_OID);
    if (r->err != OK) {
        return NID_undef;
    }
    object = d2i_ASN1_OBJECT(NULL, &start, (long)(r->at - start));
    nid = object != NULL ? OBJ_obj2nid(object) : NID_undef;
    ASN1_OBJECT_free(object);
    return nid;
}

#endif
