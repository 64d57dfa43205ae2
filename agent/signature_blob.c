/* SPDX-License-Identifier: BSD-2-Clause */
#include "signature_blob.h"

enum err signature_blob_parse(struct view blob, struct signature_blob *ret)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct signature_blob signature;
    enum err err;

    signature.algorithm = wire_string(&r, KEY_TYPE_MAX);
    signature.bytes = wire_string(&r, SIGNATURE_MAX);
    err = wire_end(&r);
    if (err == OK) {
        *ret = signature;
    }
    return err;
}

enum err ecdsa_signature_parse(struct view bytes, size_t field, struct ecdsa_signature *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct ecdsa_signature signature;
    enum err err;

    signature.r = wire_mpint(&r, field + 1);
    signature.s = wire_mpint(&r, field + 1);
    err = wire_end(&r);
    if (err == OK) {
        *ret = signature;
    }
    return err;
}
