/* SPDX-License-Identifier: BSD-2-Clause */
#include "bcrypt_pbkdf.h"
#include "keyfile_cipher.h"
#include "keyfile_openssh.h"
#include "keyfile_pem.h"
#include "secret.h"

/* One attempt to open a sealed file; all of it in the arena. */
struct unseal {
    struct keyfile file;
    struct view bytes;        /* the file's, which are the caller's */
    struct bcrypt_pbkdf *kdf; /* openssh-key-v1 */
    uint8_t *passphrase;      /* PEM */
    size_t passphrase_len;
    bool done;
    enum err err;           /* of the work that is done */
    struct keyfile_key key; /* when it is done, without an error */
};

static enum err begin_openssh(struct unseal *unseal, struct view passphrase)
{
    const struct keyfile_cipher *cipher = unseal->file.cipher;
    enum err err = bcrypt_pbkdf_begin(passphrase, unseal->file.salt, unseal->file.rounds,
                                      cipher->key_len + cipher->iv_len, &unseal->kdf);

    if (err == ERR_MALFORMED) { /* no passphrase is a wrong one: OpenSSH has no such files */
        unseal->done = true;
        unseal->err = ERR_PASSPHRASE;
        return OK;
    }
    return err;
}

static enum err begin_pem(struct unseal *unseal, struct view passphrase)
{
    unseal->passphrase = secret_alloc(passphrase.len);
    if (unseal->passphrase == NULL) {
        return ERR_NO_MEMORY;
    }
    if (passphrase.len > 0) {
        memcpy(unseal->passphrase, passphrase.data, passphrase.len);
    }
    unseal->passphrase_len = passphrase.len;
    return OK;
}

enum err unseal_begin(const struct keyfile *file, struct view bytes, struct view passphrase,
                      struct unseal **ret)
{
    struct unseal *unseal;
    enum err err;

    if (passphrase.len > PASSPHRASE_MAX) {
        return ERR_TOO_BIG;
    }
    unseal = secret_alloc(sizeof *unseal);
    if (unseal == NULL) {
        return ERR_NO_MEMORY;
    }
    unseal->file = *file;
    unseal->bytes = bytes;
    err = file->pem ? begin_pem(unseal, passphrase) : begin_openssh(unseal, passphrase);
    if (err != OK) {
        unseal_end(&unseal);
        return err;
    }
    *ret = unseal;
    return OK;
}

static enum err decrypt_openssh(struct unseal *unseal)
{
    const struct keyfile *file = &unseal->file;
    uint8_t *derived = secret_alloc(KEYFILE_KEY_MAX);
    uint8_t *plain = secret_alloc(file->secret.len);
    enum err err = ERR_NO_MEMORY;

    if (derived != NULL && plain != NULL) {
        bcrypt_pbkdf_result(unseal->kdf, derived);
        err = keyfile_cipher_decrypt(file->cipher, derived, file->secret, file->tag, plain);
    }
    if (err == OK) {
        err = openssh_open(file, plain, file->secret.len, &unseal->key);
    } else {
        secret_free(plain);
    }
    secret_free(derived);
    return err;
}

bool unseal_step(struct unseal *unseal)
{
    if (unseal->done) {
        return true;
    }
    if (unseal->file.pem) {
        unseal->err = pem_open(
            unseal->bytes, (struct view){unseal->passphrase, unseal->passphrase_len}, &unseal->key);
    } else if (bcrypt_pbkdf_step(unseal->kdf)) {
        unseal->err = decrypt_openssh(unseal);
    } else {
        return false;
    }
    unseal->done = true;
    return true;
}

enum err unseal_result(struct unseal *unseal, struct keyfile_key *ret)
{
    if (unseal->err == OK) {
        *ret = unseal->key;
        unseal->key = (struct keyfile_key){0};
    }
    return unseal->err;
}

void unseal_end(struct unseal **unseal)
{
    if (*unseal == NULL) {
        return;
    }
    bcrypt_pbkdf_end(&(*unseal)->kdf);
    secret_free((*unseal)->passphrase);
    keyfile_key_free(&(*unseal)->key);
    secret_free(*unseal);
    *unseal = NULL;
}
