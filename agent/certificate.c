/* SPDX-License-Identifier: BSD-2-Clause */
#include "certificate.h"

#include "verify.h"

/* Strings, one after the other, at most max of them; pairs: an even number. */
static bool are_strings(struct view bytes, size_t max, bool pairs)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    size_t count = 0;

    while (r.err == OK && r.left > 0) {
        (void)wire_string(&r, FRAME_MAX);
        count++;
    }
    return r.err == OK && count <= max && (!pairs || count % 2 == 0);
}

/* The fields from the serial number to the signature. */
static void read_fields(struct wire_reader *r, struct view blob, struct certificate *ret)
{
    ret->serial = wire_u64(r);
    ret->type = wire_u32(r);
    ret->key_id = wire_string(r, FRAME_MAX);
    ret->principals = wire_string(r, FRAME_MAX);
    ret->valid_after = wire_u64(r);
    ret->valid_before = wire_u64(r);
    ret->critical_options = wire_string(r, FRAME_MAX);
    ret->extensions = wire_string(r, FRAME_MAX);
    (void)wire_string(r, FRAME_MAX); /* reserved */
    ret->signature_key = wire_string(r, FRAME_MAX);
    ret->signed_bytes = (struct view){blob.data, blob.len - r->left};
    ret->signature = wire_string(r, SIGNATURE_MAX);
}

enum err certificate_parse(struct view blob, struct certificate *ret)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct certificate certificate = {0};
    struct public_key authority;
    enum err err = public_key_parse(blob, &certificate.key);

    if (err != OK || !certificate.key.is_cert) {
        return err != OK ? err : ERR_MALFORMED;
    }
    /* Up to here the blob is known to be right. */
    (void)wire_string(&r, KEY_TYPE_MAX);
    (void)wire_string(&r, FRAME_MAX); /* nonce */
    wire_public_fields(&r, &certificate.key);
    read_fields(&r, blob, &certificate);
    err = wire_end(&r);
    if (err != OK) {
        return err;
    }
    if (!are_strings(certificate.principals, CERTIFICATE_PRINCIPALS_MAX, false) ||
        !are_strings(certificate.critical_options, SIZE_MAX, true) ||
        !are_strings(certificate.extensions, SIZE_MAX, true)) {
        return ERR_MALFORMED;
    }
    err = public_key_parse(certificate.signature_key, &authority);
    if (err != OK || authority.is_cert) {
        return err != OK ? err : ERR_MALFORMED;
    }
    *ret = certificate;
    return OK;
}

bool certificate_is_for_host(const struct certificate *certificate, uint64_t now)
{
    return certificate->type == CERTIFICATE_HOST && now >= certificate->valid_after &&
           now < certificate->valid_before && certificate->critical_options.len == 0 &&
           certificate->principals.len > 0;
}

enum err certificate_verify(const struct certificate *certificate)
{
    return verify_signature(certificate->signature_key, certificate->signature,
                            certificate->signed_bytes);
}
