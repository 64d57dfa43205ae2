/* SPDX-License-Identifier: BSD-2-Clause */
#include "certificate.h"

/*@
  requires view_valid(bytes);
  assigns \nothing;
*/
/* Strings, one after the other, at most max of them; pairs: an even number. */
static bool are_strings(struct view bytes, size_t max, bool pairs)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct view string;
    size_t count = 0;

    /*@
      loop invariant reader_valid(&r);
      loop assigns r, string, count;
      loop variant r.left;
    */
    while (wire_next_string(&r, FRAME_MAX, &string)) {
        count++;
    }
    return r.err == OK && count <= max && (!pairs || count % 2 == 0);
}

/*@
  requires reader_valid(r) && key_type_valid(type);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
*/
/* public_key_parse() has looked at it. */
static void skip_key(struct wire_reader *r, const struct key_type *type)
{
    struct public_key key = {.type = type};

    wire_public_fields(r, &key);
}

/*@
  requires reader_valid(r) && key_type_valid(type);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures certificate_fields_in(\result, \old(r->at), \old(r->left));
  ensures certificate_fields_valid(\result);
*/
static struct certificate read_all(struct wire_reader *r, const struct key_type *type)
{
    struct certificate certificate = {.signed_bytes = {.data = r->at, .len = r->left}};

    (void)wire_string(r, KEY_TYPE_MAX);
    (void)wire_string(r, FRAME_MAX); /* nonce */
    skip_key(r, type);
    certificate.serial = wire_u64(r);
    certificate.type = wire_u32(r);
    certificate.key_id = wire_string(r, FRAME_MAX);
    certificate.principals = wire_string(r, FRAME_MAX);
    certificate.valid_after = wire_u64(r);
    certificate.valid_before = wire_u64(r);
    certificate.critical_options = wire_string(r, FRAME_MAX);
    certificate.extensions = wire_string(r, FRAME_MAX);
    (void)wire_string(r, FRAME_MAX); /* reserved */
    certificate.signature_key = wire_string(r, FRAME_MAX);
    certificate.signed_bytes.len -= r->left;
    certificate.signature = wire_string(r, SIGNATURE_MAX);
    return certificate;
}

/*@
  requires view_valid(blob);
  assigns \nothing;
*/
/* OK for a key that is not itself certified. */
static enum err check_authority(struct view blob)
{
    struct public_key authority;
    enum err err = public_key_parse(blob, &authority);

    if (err == OK && authority.is_cert) {
        return ERR_MALFORMED;
    }
    return err;
}

/*@
  requires certificate_fields_valid(certificate);
  assigns \nothing;
*/
/* What the fields hold is right by itself. */
static enum err check(struct certificate certificate)
{
    if (!are_strings(certificate.principals, CERTIFICATE_PRINCIPALS_MAX, false) ||
        !are_strings(certificate.critical_options, SIZE_MAX, true) ||
        !are_strings(certificate.extensions, SIZE_MAX, true)) {
        return ERR_MALFORMED;
    }
    return check_authority(certificate.signature_key);
}

/*@
  requires view_valid(blob) && \valid(ret_err);
  requires \separated(ret_err, blob.data + (0 .. blob.len - 1));
  assigns *ret_err;
  ensures *ret_err == OK ==> view_in(\result.key.n, blob.data, blob.len);
  ensures *ret_err == OK ==> view_in(\result.key.e, blob.data, blob.len);
  ensures *ret_err == OK ==> view_in(\result.key.point, blob.data, blob.len);
  ensures *ret_err == OK ==> certificate_fields_in(\result, blob.data, blob.len);
*/
/* After an error, what is returned means nothing. */
static struct certificate read_blob(struct view blob, enum err *ret_err)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct certificate certificate = {0};
    struct public_key key;
    enum err err = public_key_parse(blob, &key);

    if (err == OK && !key.is_cert) {
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        certificate = read_all(&r, key.type);
        certificate.key = key;
        err = wire_end(&r);
    }
    if (err == OK) {
        err = check(certificate);
    }
    *ret_err = err;
    return certificate;
}

enum err certificate_parse(struct view blob, struct certificate *ret)
{
    enum err err;
    struct certificate certificate = read_blob(blob, &err);

    if (err != OK) {
        return err;
    }
    *ret = certificate;
    return OK;
}
