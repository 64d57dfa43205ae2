/* SPDX-License-Identifier: BSD-2-Clause */
#include "fingerprint.h"

#include <sodium.h>

#include "keyblob.h"

const char *fingerprint_of(struct view blob, char ret[FINGERPRINT_SIZE])
{
    const size_t prefix = sizeof FINGERPRINT_PREFIX - 1;
    uint8_t plain[2 * KEY_TYPE_MAX + 16 + 2 * MPINT_MAX];
    struct wire_writer w = wire_writer(plain, sizeof plain);
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct public_key key;

    if (public_key_parse(blob, &key) == OK) {
        put_public_key(&w, &key);
        blob = w.err == OK ? wire_written(&w) : blob;
    }
    crypto_hash_sha256(hash, blob.data, blob.len);
    memcpy(ret, FINGERPRINT_PREFIX, prefix);
    sodium_bin2base64(ret + prefix, FINGERPRINT_SIZE - prefix, hash, sizeof hash,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    return ret;
}
