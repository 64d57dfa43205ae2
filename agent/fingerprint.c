/* SPDX-License-Identifier: BSD-2-Clause */
#include "fingerprint.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>

#include "identity.h"

#define MD5_SIZE 16U

static enum hash hash_in_use = HASH_SHA256;

struct view fingerprint_subject(const struct public_key *key, struct view blob,
                                uint8_t buffer[PLAIN_BLOB_MAX])
{
    struct wire_writer w = wire_writer(buffer, PLAIN_BLOB_MAX);

    if (!key->is_cert) {
        return blob;
    }
    put_public_key(&w, key);
    return wire_written(&w);
}

void fingerprint_use(enum hash hash)
{
    hash_in_use = hash;
}

static void md5(struct view blob, char *ret)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t len = 0;

    /* A libcrypto in FIPS mode has no MD5. */
    if (EVP_Q_digest(NULL, "MD5", NULL, blob.data, blob.len, hash, &len) != 1 || len != MD5_SIZE) {
        snprintf(ret, FINGERPRINT_MAX, "MD5:unavailable");
        return;
    }
    snprintf(ret, FINGERPRINT_MAX, "MD5");
    for (size_t i = 0; i < len; i++) {
        snprintf(ret + 3 + 3 * i, FINGERPRINT_MAX - 3 - 3 * i, ":%02x", hash[i]);
    }
}

void fingerprint_sha256(struct view blob, char *ret)
{
    const size_t prefix = sizeof "SHA256:" - 1;
    uint8_t hash[crypto_hash_sha256_BYTES];

    static_assert(FINGERPRINT_MAX >= sizeof "SHA256:" - 1 +
                                         sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES,
                                                                   sodium_base64_VARIANT_ORIGINAL),
                  "a fingerprint has to fit");
    crypto_hash_sha256(hash, blob.data, blob.len);
    memcpy(ret, "SHA256:", prefix);
    sodium_bin2base64(ret + prefix, FINGERPRINT_MAX - prefix, hash, sizeof hash,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void fingerprint(struct view blob, char *ret)
{
    if (hash_in_use == HASH_MD5) {
        md5(blob, ret);
    } else {
        fingerprint_sha256(blob, ret);
    }
}
