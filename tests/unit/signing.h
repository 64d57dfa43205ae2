/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures in SSH's form, made and checked with libcrypto and libsodium alone, so that neither
 * our signing nor our verifying has to be believed.
 */
#ifndef SPLIT_SSH_TESTS_SIGNING_H
#define SPLIT_SSH_TESTS_SIGNING_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "keygen.h"
#include "openssh_key.h"

/* The hash of a signature algorithm (RFC 8332, section 3; RFC 5656, section 6.2.1). */
static inline const char *algorithm_hash(const char *algorithm)
{
    static const struct {
        const char *algorithm, *hash;
    } hashes[] = {
        {"ssh-rsa", "SHA1"},
        {"rsa-sha2-256", "SHA256"},
        {"rsa-sha2-512", "SHA512"},
        {"ecdsa-sha2-nistp256", "SHA256"},
        {"ecdsa-sha2-nistp384", "SHA384"},
        {"ecdsa-sha2-nistp521", "SHA512"},
    };

    for (size_t i = 0; i < COUNT(hashes); i++) {
        if (strcmp(hashes[i].algorithm, algorithm) == 0) {
            return hashes[i].hash;
        }
    }
    fail_msg("no hash for %s", algorithm);
    return NULL;
}

/* RSA or ECDSA: the key of the file, read by libcrypto from the PKCS #8 that ssh-keygen writes. */
static inline EVP_PKEY *private_pkey(const char *file)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-p", "-m", "PKCS8", "-P",
                                "",           "-N", "",   "-f", "pkcs8", NULL};
    struct view bytes = keygen_read(file);
    EVP_PKEY *pkey;
    BIO *bio;

    keygen_write("pkcs8", bytes);
    view_free(&bytes);
    keygen_run(NULL, argv);
    bytes = keygen_read("pkcs8");
    bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_non_null(pkey);
    BIO_free(bio);
    view_free(&bytes);
    return pkey;
}

/* RSA or ECDSA: the public half of a .pub file, the same way. */
static inline EVP_PKEY *public_pkey(const char *file)
{
    const char *const argv[] = {"ssh-keygen", "-e", "-m", "PKCS8", "-f", file, NULL};
    struct view bytes;
    EVP_PKEY *pkey;
    BIO *bio;

    keygen_run("spki", argv);
    bytes = keygen_read("spki");
    bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    assert_non_null(pkey);
    BIO_free(bio);
    view_free(&bytes);
    return pkey;
}

static inline void put_number(struct wire_writer *w, const BIGNUM *number)
{
    uint8_t bytes[128] = {0};
    size_t len = (size_t)BN_num_bytes(number);

    assert_true(len < sizeof bytes);
    BN_bn2bin(number, bytes + 1);
    if (len > 0 && (bytes[1] & 0x80) != 0) {
        put_string(w, (struct view){bytes, len + 1});
    } else {
        put_string(w, (struct view){bytes + 1, len});
    }
}

/* `mpint r, mpint s` of a DER signature, as a string. */
static inline void put_pair(struct wire_writer *w, const uint8_t *der, size_t len)
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    uint8_t bytes[300];
    struct wire_writer inner = wire_writer(bytes, sizeof bytes);

    assert_non_null(pair);
    put_number(&inner, ECDSA_SIG_get0_r(pair));
    put_number(&inner, ECDSA_SIG_get0_s(pair));
    ECDSA_SIG_free(pair);
    put_string(w, wire_written(&inner));
}

/* The raw signature of libcrypto; ret_len has the room before and the length after. */
static inline void raw_sign(EVP_PKEY *pkey, const char *hash, struct view data, uint8_t *ret,
                            size_t *ret_len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, hash, NULL, NULL, pkey, NULL), 1);
    assert_int_equal(EVP_DigestSign(context, ret, ret_len, data.data, data.len), 1);
    EVP_MD_CTX_free(context);
}

static inline bool raw_verify(EVP_PKEY *pkey, const char *hash, struct view signature,
                              struct view data)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result;

    assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL, pkey, NULL), 1);
    result = EVP_DigestVerify(context, signature.data, signature.len, data.data, data.len);
    EVP_MD_CTX_free(context);
    return result == 1;
}

/* `string algorithm, string signature` with a key of libcrypto. */
static inline void put_pkey_signature(struct wire_writer *w, EVP_PKEY *pkey, const char *algorithm,
                                      struct view data)
{
    uint8_t raw[2048];
    size_t len = sizeof raw;

    raw_sign(pkey, algorithm_hash(algorithm), data, raw, &len);
    put_text(w, algorithm);
    if (EVP_PKEY_is_a(pkey, "EC")) {
        put_pair(w, raw, len);
    } else {
        put_string(w, (struct view){raw, len});
    }
}

/* The same with ed25519: 64 bytes of secret, libsodium's form and OpenSSH's. */
static inline void put_ed25519_signature(struct wire_writer *w, const uint8_t *secret,
                                         struct view data)
{
    uint8_t raw[crypto_sign_BYTES];

    assert_int_equal(crypto_sign_detached(raw, NULL, data.data, data.len, secret), 0);
    put_text(w, "ssh-ed25519");
    put_string(w, (struct view){raw, sizeof raw});
}

/* DER of `mpint r, mpint s`; the caller OPENSSL_free()s. */
static inline struct view der_of_pair(struct view raw)
{
    struct wire_reader r = wire_reader(raw.data, raw.len);
    struct view numbers[2];
    ECDSA_SIG *pair = ECDSA_SIG_new();
    uint8_t *der = NULL;
    int len;

    numbers[0] = wire_mpint(&r, 100);
    numbers[1] = wire_mpint(&r, 100);
    assert_int_equal(wire_end(&r), OK);
    assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(numbers[0].data, (int)numbers[0].len, NULL),
                                    BN_bin2bn(numbers[1].data, (int)numbers[1].len, NULL)),
                     1);
    len = i2d_ECDSA_SIG(pair, &der);
    assert_true(len > 0);
    ECDSA_SIG_free(pair);
    return (struct view){der, (size_t)len};
}

/*
 * Whether `string algorithm, string signature` is of this algorithm and good for data. pkey is the
 * public key in libcrypto; NULL: point is an ed25519 key.
 */
static inline bool is_signature(struct view signature, const char *algorithm, EVP_PKEY *pkey,
                                const uint8_t *point, struct view data)
{
    struct wire_reader r = wire_reader(signature.data, signature.len);
    struct view name = wire_string(&r, 100);
    struct view raw = wire_string(&r, 4096);
    bool good;

    assert_int_equal(wire_end(&r), OK);
    assert_view_is(name, algorithm);
    if (pkey == NULL) {
        return raw.len == crypto_sign_BYTES &&
               crypto_sign_verify_detached(raw.data, data.data, data.len, point) == 0;
    }
    if (!EVP_PKEY_is_a(pkey, "EC")) {
        return raw_verify(pkey, algorithm_hash(algorithm), raw, data);
    }
    raw = der_of_pair(raw);
    good = raw_verify(pkey, algorithm_hash(algorithm), raw, data);
    OPENSSL_free((void *)raw.data);
    return good;
}

#endif
