/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_KEYFILE_DER_H
#define KEYSTORE_KEYFILE_DER_H

#include "keyfile.h"

enum der_format {
    DER_PKCS1, /* RSAPrivateKey: RFC 8017, appendix A.1.2 */
    DER_SEC1,  /* ECPrivateKey: RFC 5915 */
    DER_PKCS8, /* OneAsymmetricKey: RFC 5958; holds the other two, or ed25519 (RFC 8410) */
};

/*
 * A key in DER, in the clear. The caller owns *ret, whose comment is empty. ERR_FILE_FORMAT;
 * ERR_KEY_TYPE and ERR_KEY_DSA, the first for an elliptic curve with parameters of its own too;
 * ERR_KEY_INVALID for a point that is none, ERR_KEY_MISMATCH, ERR_NO_MEMORY.
 */
enum err must_check keyfile_der(enum der_format format, struct view der, struct keyfile_key *ret);

#endif
