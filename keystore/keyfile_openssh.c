/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile_openssh.h"

#include "keyfile_cipher.h"
#include "secret.h"

static const char magic[] = "openssh-key-v1"; /* its NUL is part of it */

#define NAME_MAX_LEN 64U /* bytes of the name of a cipher or key derivation */
#define PLAIN_BLOCK  8U  /* without a cipher the section is padded to this */

/* In a file, bytes that are no message are a damaged file. */
static enum err file_error(enum err err)
{
    return err == ERR_MALFORMED || err == ERR_TOO_BIG ? ERR_FILE_FORMAT : err;
}

bool openssh_is(struct view bytes)
{
    return bytes.len >= sizeof magic && memcmp(bytes.data, magic, sizeof magic) == 0;
}

/* How the section is sealed, if it is. */
static enum err parse_sealing(struct view cipher, struct view kdf, struct view options,
                              struct keyfile *file)
{
    struct wire_reader r = wire_reader(options.data, options.len);

    if (view_is(cipher, "none")) {
        return view_is(kdf, "none") && options.len == 0 ? OK : ERR_FILE_FORMAT;
    }
    file->sealed = true;
    file->cipher = keyfile_cipher_find(cipher);
    if (file->cipher == NULL || !view_is(kdf, "bcrypt")) {
        return ERR_FILE_CIPHER;
    }
    file->salt = wire_string(&r, KEY_FILE_MAX);
    file->rounds = wire_u32(&r);
    if (wire_end(&r) != OK || file->salt.len == 0 || file->rounds == 0) {
        return ERR_FILE_FORMAT;
    }
    return file->rounds <= BCRYPT_ROUNDS_MAX ? OK : ERR_FILE_ROUNDS;
}

/* Of the whole file, a key that is not held is the most useful thing to say. */
static enum err parse_public(struct view blob)
{
    struct public_key key;
    enum err err = public_key_parse(blob, &key);

    if (err == OK && key.is_cert) {
        err = ERR_FILE_FORMAT;
    }
    return file_error(err);
}

enum err openssh_parse(struct view bytes, struct keyfile *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct keyfile file = {0};
    size_t block = PLAIN_BLOCK;
    uint32_t keys;
    enum err err;

    wire_bytes(&r, sizeof magic);
    struct view cipher = wire_string(&r, NAME_MAX_LEN);
    struct view kdf = wire_string(&r, NAME_MAX_LEN);
    struct view options = wire_string(&r, KEY_FILE_MAX);
    keys = wire_u32(&r);
    file.blob = wire_string(&r, KEY_FILE_MAX);
    file.secret = wire_string(&r, KEY_FILE_MAX);
    if (r.err != OK || keys != 1) {
        return ERR_FILE_FORMAT;
    }
    err = parse_public(file.blob);
    if (err == OK) {
        err = parse_sealing(cipher, kdf, options, &file);
    }
    if (err != OK) {
        return err;
    }
    if (file.cipher != NULL) {
        file.tag = wire_bytes(&r, file.cipher->tag_len);
        block = file.cipher->block;
    }
    if (wire_end(&r) != OK || file.secret.len < block || file.secret.len % block != 0) {
        return ERR_FILE_FORMAT;
    }
    *ret = file;
    return OK;
}

/* Padding is 1, 2, 3 ... up to the end of the block, and less than a block. */
static bool is_padding(struct view v, size_t block)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] != i + 1) {
            return false;
        }
    }
    return v.len < block;
}

/*
 * From the key's type to its comment the section is an ADD_IDENTITY message; its end has to be
 * found first, since padding follows.
 */
static enum err read_key(struct view section, size_t block, struct add_request *ret)
{
    struct wire_reader r = wire_reader(section.data, section.len);
    static const unsigned fields[] = {[KEY_ED25519] = 2, [KEY_RSA] = 6, [KEY_ECDSA] = 3};
    const struct key_type *type;
    struct view message;
    bool is_cert;
    enum err err;

    struct view name = wire_string(&r, KEY_TYPE_MAX);
    if (r.err != OK) {
        return r.err;
    }
    err = key_type_find(name, &type, &is_cert);
    if (err != OK || is_cert) {
        return err != OK ? err : ERR_MALFORMED;
    }
    for (unsigned i = 0; i < fields[type->kind]; i++) {
        wire_string(&r, KEY_FILE_MAX);
    }
    wire_string(&r, KEY_FILE_MAX); /* comment */
    message = (struct view){section.data, section.len - r.left};
    if (r.err != OK || !is_padding(wire_rest(&r), block)) {
        return ERR_MALFORMED;
    }
    return add_request_parse(message, false, ret);
}

/* Is blob, which is no certificate, that of the key? */
static bool is_blob_of(struct view blob, const struct public_key *key)
{
    struct public_key header;

    return public_key_parse(blob, &header) == OK && public_key_same(&header, key);
}

static enum err read_section(const struct keyfile *file, struct view plain, struct add_request *ret)
{
    struct wire_reader r = wire_reader(plain.data, plain.len);
    uint32_t check = wire_u32(&r);
    enum err err;

    /* A random number twice: what tells a wrong passphrase where the cipher does not. */
    if (wire_u32(&r) != check) {
        return file->sealed ? ERR_PASSPHRASE : ERR_FILE_FORMAT;
    }
    err = read_key(wire_rest(&r), file->cipher != NULL ? file->cipher->block : PLAIN_BLOCK, ret);
    if (err == OK && !is_blob_of(file->blob, &ret->public)) {
        err = ERR_KEY_MISMATCH;
    }
    return file_error(err);
}

enum err openssh_open(const struct keyfile *file, uint8_t *plain, size_t len,
                      struct keyfile_key *ret)
{
    struct keyfile_key key = {0};
    enum err err;

    key.bytes = plain;
    err = read_section(file, (struct view){plain, len}, &key.add);
    if (err != OK) {
        keyfile_key_free(&key);
        return err;
    }
    *ret = key;
    return OK;
}
