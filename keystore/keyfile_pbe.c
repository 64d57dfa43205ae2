/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile_pbe.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "der.h"
#include "libcrypto.h"
#include "limits.h"

static enum err check_iterations(uint32_t iterations)
{
    if (iterations == 0) {
        return ERR_FILE_FORMAT;
    }
    return iterations <= PBKDF2_ITERATIONS_MAX ? OK : ERR_FILE_ROUNDS;
}

/* PBKDF2-params: salt, iterations, perhaps the key's length, perhaps the pseudorandom function. */
static enum err check_pbkdf2(struct wire_reader *r)
{
    struct wire_reader params = der_enter(r, DER_SEQUENCE);
    int function = NID_hmacWithSHA1;
    uint32_t iterations;

    der_get(&params, DER_OCTET_STRING);
    iterations = der_u32(&params);
    if (der_is(&params, DER_INTEGER)) {
        der_u32(&params);
    }
    if (der_is(&params, DER_SEQUENCE)) {
        struct wire_reader algorithm = der_enter(&params, DER_SEQUENCE);

        function = der_oid(&algorithm);
    }
    if (wire_end(&params) != OK) {
        return ERR_FILE_FORMAT;
    }
    switch (function) {
    case NID_hmacWithSHA1:
    case NID_hmacWithSHA224:
    case NID_hmacWithSHA256:
    case NID_hmacWithSHA384:
    case NID_hmacWithSHA512:
        return check_iterations(iterations);
    default:
        return ERR_FILE_CIPHER;
    }
}

static enum err check_pbes2(struct wire_reader *r)
{
    struct wire_reader params = der_enter(r, DER_SEQUENCE);
    struct wire_reader derivation = der_enter(&params, DER_SEQUENCE);
    struct wire_reader cipher = der_enter(&params, DER_SEQUENCE);
    int kdf_nid = der_oid(&derivation);
    int cipher_nid = der_oid(&cipher);

    if (wire_end(&params) != OK || derivation.err != OK || cipher.err != OK) {
        return ERR_FILE_FORMAT;
    }
    switch (cipher_nid) {
    case NID_aes_128_cbc:
    case NID_aes_192_cbc:
    case NID_aes_256_cbc:
    case NID_des_ede3_cbc:
        return kdf_nid == NID_id_pbkdf2 ? check_pbkdf2(&derivation) : ERR_FILE_CIPHER;
    default:
        return ERR_FILE_CIPHER;
    }
}

static enum err check_pkcs12(struct wire_reader *r)
{
    struct wire_reader params = der_enter(r, DER_SEQUENCE);
    uint32_t iterations;

    der_get(&params, DER_OCTET_STRING);
    iterations = der_u32(&params);
    return wire_end(&params) == OK ? check_iterations(iterations) : ERR_FILE_FORMAT;
}

enum err pbe_check(struct view der)
{
    struct wire_reader r = wire_reader(der.data, der.len);
    struct wire_reader info = der_enter(&r, DER_SEQUENCE);
    struct wire_reader algorithm = der_enter(&info, DER_SEQUENCE);
    int scheme = der_oid(&algorithm);

    der_get(&info, DER_OCTET_STRING);
    if (wire_end(&info) != OK || wire_end(&r) != OK || algorithm.err != OK) {
        return ERR_FILE_FORMAT;
    }
    switch (scheme) {
    case NID_pbes2:
        return check_pbes2(&algorithm);
    case NID_pbe_WithSHA1And3_Key_TripleDES_CBC:
    case NID_pbe_WithSHA1And2_Key_TripleDES_CBC:
        return check_pkcs12(&algorithm);
    default:
        return ERR_FILE_CIPHER;
    }
}

enum err pbe_decrypt(struct view der, struct view passphrase, uint8_t **ret, size_t *ret_len)
{
    const uint8_t *at = der.data;
    X509_SIG *info = d2i_X509_SIG(NULL, &at, (long)der.len);
    const X509_ALGOR *algorithm;
    const ASN1_OCTET_STRING *sealed;
    uint8_t *plain = NULL;
    int len = 0;

    if (info == NULL) {
        return libcrypto_failure(ERR_FILE_FORMAT);
    }
    X509_SIG_get0(info, &algorithm, &sealed);
    PKCS12_pbe_crypt(algorithm, (const char *)passphrase.data, (int)passphrase.len,
                     ASN1_STRING_get0_data(sealed), ASN1_STRING_length(sealed), &plain, &len, 0);
    X509_SIG_free(info);
    if (plain == NULL) {
        return libcrypto_failure(ERR_PASSPHRASE);
    }
    *ret = plain;
    *ret_len = (size_t)len;
    return OK;
}
