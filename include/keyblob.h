/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Public key blobs as they stand on the wire: RFC 4253 section 6.6 (RSA), RFC 5656 section 3.1
 * (ECDSA), RFC 8709 section 4 (ed25519), and OpenSSH's certificates of each (PROTOCOL.certkeys).
 */
#ifndef SPLIT_SSH_KEYBLOB_H
#define SPLIT_SSH_KEYBLOB_H

#include "limits.h"
#include "wire.h"

enum key_kind { KEY_ED25519, KEY_RSA, KEY_ECDSA };

struct key_type {
    enum key_kind kind;
    const char *name;
    const char *cert_name;
    const char *curve;  /* RFC 5656's name of the curve; NULL if none */
    const char *group;  /* libcrypto's name of the curve */
    const char *digest; /* libcrypto's name of the hash that ECDSA uses */
    size_t field;       /* bytes of a coordinate */
};

#define ED25519_PUBLIC_SIZE 32U

struct public_key {
    const struct key_type *type;
    bool is_cert;
    struct view n, e;  /* RSA: big-endian, no leading zero */
    struct view point; /* ECDSA: 4, x, y (SEC 1, uncompressed); ed25519: the 32 bytes */
};

/*@
  predicate key_type_valid(struct key_type *t) =
    \valid_read(t) && !\valid(t) && t->field <= 66 &&
    text_constant(t->name) && text_constant(t->cert_name) &&
    (t->kind == KEY_ED25519 || t->kind == KEY_RSA ||
     (t->kind == KEY_ECDSA && text_constant(t->curve)));
*/

/*@
  requires view_valid(name) && \valid(ret) && \valid(ret_cert) && \separated(ret, ret_cert);
  assigns *ret \from indirect:name;
  assigns *ret_cert \from indirect:name;
  ensures \result == OK ==> key_type_valid(*ret);
  ensures \result != OK ==> *ret == \old(*ret) && *ret_cert == \old(*ret_cert);
*/
/*
 * The type with this name. *ret_cert says whether it is the name of the certificate. ERR_KEY_DSA,
 * ERR_KEY_SK or ERR_KEY_TYPE for all others.
 */
static inline enum err must_check key_type_find(struct view name, const struct key_type **ret,
                                                bool *ret_cert)
{
    static const struct key_type types[] = {
        {KEY_ED25519, "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", NULL, NULL, NULL, 32},
        {KEY_RSA, "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", NULL, NULL, NULL, 0},
        {KEY_ECDSA, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "nistp256",
         "P-256", "SHA256", 32},
        {KEY_ECDSA, "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "nistp384",
         "P-384", "SHA384", 48},
        {KEY_ECDSA, "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "nistp521",
         "P-521", "SHA512", 66},
    };

    /* Row by row, and then each i: a prover does not go through a table by itself. */
    /*@ assert text_constant(types[0].name) && text_constant(types[0].cert_name); */
    /*@ assert key_type_valid(&types[0]); */
    /*@ assert text_constant(types[1].name) && text_constant(types[1].cert_name); */
    /*@ assert key_type_valid(&types[1]); */
    /*@ assert text_constant(types[2].name) && text_constant(types[2].cert_name); */
    /*@ assert text_constant(types[2].curve); */
    /*@ assert key_type_valid(&types[2]); */
    /*@ assert text_constant(types[3].name) && text_constant(types[3].cert_name); */
    /*@ assert text_constant(types[3].curve); */
    /*@ assert key_type_valid(&types[3]); */
    /*@ assert text_constant(types[4].name) && text_constant(types[4].cert_name); */
    /*@ assert text_constant(types[4].curve); */
    /*@ assert key_type_valid(&types[4]); */
    /*@
      loop invariant i <= 5;
      loop assigns i;
      loop variant 5 - i;
    */
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        /*@ assert i == 0 || i == 1 || i == 2 || i == 3 || i == 4; */
        /*@ assert key_type_valid(&types[i]); */
        bool is_cert = view_is(name, types[i].cert_name);

        if (is_cert || view_is(name, types[i].name)) {
            *ret = &types[i];
            *ret_cert = is_cert;
            return OK;
        }
    }
    if (view_is(name, "ssh-dss") || view_is(name, "ssh-dss-cert-v01@openssh.com")) {
        return ERR_KEY_DSA;
    }
    if (name.len > 3 && memcmp(name.data, "sk-", 3) == 0) {
        return ERR_KEY_SK;
    }
    return ERR_KEY_TYPE;
}

/*@
  predicate public_key_valid(struct public_key *key) =
    key_type_valid(key->type) && view_valid(key->n) && view_valid(key->e) &&
    view_valid(key->point);

  predicate public_key_in(struct public_key *key, uint8_t *data, integer len) =
    view_in(key->n, data, len) && view_in(key->e, data, len) && view_in(key->point, data, len);
*/

/*@
  requires reader_valid(r) && \valid(ret) && \separated(r, ret);
  requires \separated(ret, r->at + (0 .. r->left - 1));
  requires key_type_valid(ret->type);
  requires ret->n.len == 0 && ret->e.len == 0 && ret->point.len == 0;
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err, ret->n, ret->e, ret->point;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures public_key_valid(ret);
  ensures public_key_in(ret, \old(r->at), \old(r->left));
*/
/* The fields that follow the type's name (and a certificate's nonce). Errors stick to r. */
static inline void wire_public_fields(struct wire_reader *r, struct public_key *ret)
{
    struct view curve;

    switch (ret->type->kind) {
    case KEY_RSA:
        ret->e = wire_mpint(r, MPINT_MAX);
        ret->n = wire_mpint(r, MPINT_MAX);
        return;
    case KEY_ECDSA:
        curve = wire_string(r, KEY_TYPE_MAX);
        ret->point = wire_string(r, 1 + 2 * ret->type->field);
        if (r->err == OK && !view_is(curve, ret->type->curve)) {
            r->err = ERR_KEY_INVALID;
        }
        return;
    case KEY_ED25519:
        ret->point = wire_string(r, ED25519_PUBLIC_SIZE);
        return;
    }
}

/*@
  requires \valid_read(key) && public_key_valid(key);
  assigns \nothing;
*/
/* Sizes that the wire format leaves open. OK, or ERR_KEY_INVALID. */
static inline enum err must_check public_key_check_sizes(const struct public_key *key)
{
    if (key->type == NULL) {
        return ERR_KEY_TYPE; /* never; clang's analyzer does not see that a type was found */
    }
    switch (key->type->kind) {
    case KEY_RSA:
        return key->n.len > 0 && key->e.len > 0 ? OK : ERR_KEY_INVALID;
    case KEY_ECDSA:
        return key->point.len == 1 + 2 * key->type->field && key->point.data[0] == 4
                   ? OK
                   : ERR_KEY_INVALID;
    case KEY_ED25519:
        return key->point.len == ED25519_PUBLIC_SIZE ? OK : ERR_KEY_INVALID;
    }
    return ERR_KEY_INVALID;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
*/
static inline void wire_skip_strings(struct wire_reader *r, unsigned count)
{
    /*@
      loop invariant reader_valid(r) && reader_moved{Pre, Here}(r);
      loop assigns count, r->at, r->left, r->err;
      loop variant count;
    */
    while (count > 0) {
        wire_string(r, FRAME_MAX);
        count--;
    }
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
*/
/* What follows the key in a certificate, up to and with its signature. */
static inline void wire_skip_certificate(struct wire_reader *r)
{
    wire_bytes(r, 8 + 4);          /* serial, type */
    wire_skip_strings(r, 2);       /* key id, valid principals */
    wire_bytes(r, 8 + 8);          /* valid after, valid before */
    wire_skip_strings(r, 4);       /* critical options, extensions, reserved, signature key */
    wire_string(r, SIGNATURE_MAX); /* signature */
}

/*@
  requires reader_valid(r) && \valid_read(key) && \separated(r, key) && public_key_valid(key);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures public_key_valid(key);
*/
/* What follows the key's fields. What wire_end or public_key_check_sizes says. */
static inline enum err must_check wire_public_end(struct wire_reader *r,
                                                  const struct public_key *key)
{
    enum err err;

    if (key->is_cert) {
        wire_skip_certificate(r);
    }
    err = wire_end(r);
    return err == OK ? public_key_check_sizes(key) : err;
}

/*@
  requires reader_valid(r) && \valid(ret) && \separated(r, ret);
  requires \separated(ret, r->at + (0 .. r->left - 1));
  requires ret->n.len == 0 && ret->e.len == 0 && ret->point.len == 0;
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err, *ret;
  ensures \result == OK ==> public_key_valid(ret);
  ensures \result == OK ==> public_key_in(ret, \old(r->at), \old(r->left));
*/
/* All that r has, which is a key blob, or an error of public_key_parse; *ret is then anything. */
static inline enum err must_check wire_public_key(struct wire_reader *r, struct public_key *ret)
{
    struct view name = wire_string(r, KEY_TYPE_MAX);
    enum err err;

    if (r->err != OK) {
        return r->err;
    }
    err = key_type_find(name, &ret->type, &ret->is_cert);
    if (err != OK) {
        return err;
    }
    if (ret->is_cert) {
        wire_string(r, FRAME_MAX); /* nonce */
    }
    wire_public_fields(r, ret);
    return wire_public_end(r, ret);
}

/*@
  requires view_valid(blob) && \valid(ret) && \separated(ret, blob.data + (0 .. blob.len - 1));
  assigns *ret;
  ensures \result == OK ==> key_type_valid(ret->type);
  ensures \result == OK ==> view_valid(ret->n);
  ensures \result == OK ==> view_valid(ret->e);
  ensures \result == OK ==> view_valid(ret->point);
  ensures \result == OK ==> public_key_in(ret, blob.data, blob.len);
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * A whole key blob, plain or certificate. The views of *ret point into blob. ERR_KEY_* of the type,
 * ERR_MALFORMED or ERR_TOO_BIG for bytes that are not a blob, ERR_KEY_INVALID for wrong sizes. A
 * certificate's signature is not verified: who signs with a key does not rely on it.
 */
static inline enum err must_check public_key_parse(struct view blob, struct public_key *ret)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct public_key key = {0};
    enum err err = wire_public_key(&r, &key);

    if (err == OK) {
        /*@ assert \separated(ret, key.type); */
        *ret = key;
        /*@ assert key_type_valid(ret->type); */
        /*@ assert view_valid(ret->n) && view_valid(ret->e) && view_valid(ret->point); */
    }
    return err;
}

/*@
  requires \valid_read(a) && public_key_valid(a);
  requires \valid_read(b) && public_key_valid(b);
  assigns \nothing;
*/
/*
 * Are these of one key pair? Of a certificate, the key inside counts. By the names of the types:
 * each file that includes this one has a table of its own, so pointers into it tell nothing.
 */
static inline bool public_key_same(const struct public_key *a, const struct public_key *b)
{
    return strcmp(a->type->name, b->type->name) == 0 && view_equal(a->n, b->n) &&
           view_equal(a->e, b->e) && view_equal(a->point, b->point);
}

/*@
  requires writer_valid(w) && \valid_read(key) && \separated(w, key);
  requires \separated(key, w->data + (0 .. w->cap - 1));
  requires public_key_valid(key);
  requires view_apart(w, key->n) && view_apart(w, key->e) && view_apart(w, key->point);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
/* The plain blob of a key, never its certificate. */
static inline void put_public_key(struct wire_writer *w, const struct public_key *key)
{
    put_text(w, key->type->name);
    switch (key->type->kind) {
    case KEY_RSA:
        put_mpint(w, key->e);
        put_mpint(w, key->n);
        return;
    case KEY_ECDSA:
        put_text(w, key->type->curve);
        put_string(w, key->point);
        return;
    case KEY_ED25519:
        put_string(w, key->point);
        return;
    }
}

#endif
