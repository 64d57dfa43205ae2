/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile_pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "keyfile_der.h"
#include "keyfile_pbe.h"
#include "libcrypto.h"

/* PEM text, read: what libcrypto allocated, in the arena. */
struct pem {
    char *label;
    char *header; /* the lines before the base64: RFC 1421's encryption */
    uint8_t *der;
    long der_len;
    EVP_CIPHER_INFO sealing; /* what the header says; no cipher: it is in the clear */
    bool pbe;                /* PKCS #8's own encryption, for which the header is empty */
    enum der_format format;
};

static void pem_free(struct pem *pem)
{
    OPENSSL_free(pem->label);
    OPENSSL_free(pem->header);
    OPENSSL_free(pem->der);
}

static struct view pem_der(const struct pem *pem)
{
    return (struct view){pem->der, (size_t)pem->der_len};
}

static enum err read_label(struct pem *pem)
{
    if (strcmp(pem->label, PEM_STRING_RSA) == 0) {
        pem->format = DER_PKCS1;
    } else if (strcmp(pem->label, PEM_STRING_ECPRIVATEKEY) == 0) {
        pem->format = DER_SEC1;
    } else if (strcmp(pem->label, PEM_STRING_PKCS8INF) == 0) {
        pem->format = DER_PKCS8;
    } else if (strcmp(pem->label, PEM_STRING_PKCS8) == 0) {
        pem->format = DER_PKCS8;
        pem->pbe = true;
    } else {
        return strcmp(pem->label, PEM_STRING_DSA) == 0 ? ERR_KEY_DSA : ERR_FILE_FORMAT;
    }
    return OK;
}

/* The cipher of the header: one that libcrypto knows by name it need not have. */
static enum err read_header(struct pem *pem)
{
    EVP_CIPHER *cipher;

    if (PEM_get_EVP_CIPHER_INFO(pem->header, &pem->sealing) != 1) {
        return libcrypto_failure(ERR_GET_REASON(ERR_peek_last_error()) ==
                                         PEM_R_UNSUPPORTED_ENCRYPTION
                                     ? ERR_FILE_CIPHER
                                     : ERR_FILE_FORMAT);
    }
    if (pem->sealing.cipher == NULL) {
        return OK;
    }
    cipher = EVP_CIPHER_fetch(NULL, EVP_CIPHER_get0_name(pem->sealing.cipher), NULL);
    if (cipher == NULL) {
        return libcrypto_failure(ERR_FILE_CIPHER);
    }
    EVP_CIPHER_free(cipher);
    return pem->pbe ? ERR_FILE_FORMAT : OK;
}

/* The caller calls pem_free(), also after an error. */
static enum err pem_read(struct view text, struct pem *pem)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    enum err err;
    int is_pem;

    if (bio == NULL) {
        return ERR_NO_MEMORY;
    }
    is_pem = PEM_read_bio_ex(bio, &pem->label, &pem->header, &pem->der, &pem->der_len,
                             PEM_FLAG_EAY_COMPATIBLE);
    BIO_free(bio);
    if (is_pem != 1) {
        return libcrypto_failure(ERR_FILE_FORMAT);
    }
    err = read_label(pem);
    if (err == OK) {
        err = read_header(pem);
    }
    if (err == OK && pem->pbe) {
        err = pbe_check(pem_der(pem));
    }
    return err;
}

enum err pem_parse(struct view text, struct keyfile *ret)
{
    struct pem pem = {0};
    enum err err;

    libcrypto_clear_errors();
    err = pem_read(text, &pem);
    if (err == OK) {
        *ret = (struct keyfile){.pem = true, .sealed = pem.pbe || pem.sealing.cipher != NULL};
    } else {
        err = libcrypto_failure(err);
    }
    pem_free(&pem);
    libcrypto_clear_errors();
    return err;
}

/* libcrypto asks for the passphrase; without this function it would ask on the terminal. */
static int give_passphrase(char *buffer, int size, int writing, void *context)
{
    const struct view *passphrase = context;

    (void)writing;
    if (passphrase->len > (size_t)size) {
        return -1;
    }
    if (passphrase->len > 0) {
        memcpy(buffer, passphrase->data, passphrase->len);
    }
    return (int)passphrase->len;
}

/* Decrypts in place. */
static enum err decrypt_rfc1421(struct pem *pem, struct view passphrase)
{
    if (PEM_do_header(&pem->sealing, pem->der, &pem->der_len, give_passphrase, &passphrase) != 1) {
        return libcrypto_failure(ERR_PASSPHRASE);
    }
    return OK;
}

static enum err decrypt_pbe(struct pem *pem, struct view passphrase)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err err = pbe_decrypt(pem_der(pem), passphrase, &plain, &len);

    if (err == OK) {
        OPENSSL_free(pem->der);
        pem->der = plain;
        pem->der_len = (long)len;
    }
    return err;
}

enum err pem_open(struct view text, struct view passphrase, struct keyfile_key *ret)
{
    struct pem pem = {0};
    bool sealed;
    enum err err;

    libcrypto_clear_errors();
    err = pem_read(text, &pem);
    sealed = pem.pbe || pem.sealing.cipher != NULL;
    if (err == OK && pem.pbe) {
        err = decrypt_pbe(&pem, passphrase);
    } else if (err == OK && sealed) {
        err = decrypt_rfc1421(&pem, passphrase);
    }
    if (err == OK) {
        err = keyfile_der(pem.format, pem_der(&pem), ret);
        /* A wrong passphrase may give padding that looks right, once in 256 times. */
        if (err == ERR_FILE_FORMAT && sealed) {
            err = ERR_PASSPHRASE;
        }
    }
    if (err != OK) {
        err = libcrypto_failure(err);
    }
    pem_free(&pem);
    libcrypto_clear_errors();
    return err;
}
