/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyfile.h"

#include <sodium.h>

#include "keyfile_openssh.h"
#include "keyfile_pem.h"
#include "secret.h"

static const char begin[] = "-----BEGIN ";
static const char begin_openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_openssh[] = "-----END OPENSSH PRIVATE KEY-----";

static bool starts_with(struct view v, const char *text)
{
    return v.len >= strlen(text) && memcmp(v.data, text, strlen(text)) == 0;
}

/* What follows after n bytes. */
static struct view after(struct view v, size_t n)
{
    return (struct view){v.data + n, v.len - n};
}

/* The text from the next line on; empty without one. */
static struct view next_line(struct view text)
{
    const uint8_t *newline = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;

    return after(text, newline != NULL ? (size_t)(newline - text.data) + 1 : text.len);
}

/* "PRIVATE KEY" at the end of a line that begins something; RFC 7468 calls that its label. */
static bool begins_private_key(struct view text)
{
    static const char label_end[] = "PRIVATE KEY-----";
    size_t len = text.len - next_line(text).len;

    return starts_with(text, begin) && memmem(text.data, len, label_end, strlen(label_end)) != NULL;
}

static enum err decode_base64(struct view text, uint8_t **ret, size_t *ret_len)
{
    struct view body = next_line(text);
    const uint8_t *end = memmem(body.data, body.len, end_openssh, strlen(end_openssh));
    uint8_t *bytes;
    size_t len = 0;

    if (end == NULL) {
        return ERR_FILE_FORMAT;
    }
    body.len = (size_t)(end - body.data);
    bytes = secret_alloc(body.len);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    if (sodium_base642bin(bytes, body.len, (const char *)body.data, body.len, " \t\r\n", &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        !openssh_is((struct view){bytes, len})) {
        secret_free(bytes);
        return ERR_FILE_FORMAT;
    }
    *ret = bytes;
    *ret_len = len;
    return OK;
}

enum err keyfile_decode(struct view text, uint8_t **ret, size_t *ret_len)
{
    uint8_t *bytes;

    if (text.len > KEY_FILE_MAX) {
        return ERR_TOO_BIG;
    }
    /* Text may stand before the key, and so may "EC PARAMETERS" or a certificate. */
    while (text.len > 0 && !begins_private_key(text)) {
        text = next_line(text);
    }
    if (text.len == 0) {
        return ERR_FILE_FORMAT;
    }
    if (starts_with(text, begin_openssh)) {
        return decode_base64(text, ret, ret_len);
    }
    bytes = secret_alloc(text.len);
    if (bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(bytes, text.data, text.len);
    *ret = bytes;
    *ret_len = text.len;
    return OK;
}

enum err keyfile_parse(struct view bytes, struct keyfile *ret)
{
    if (openssh_is(bytes)) {
        return openssh_parse(bytes, ret);
    }
    return starts_with(bytes, begin) ? pem_parse(bytes, ret) : ERR_FILE_FORMAT;
}

enum err keyfile_open(const struct keyfile *file, struct view bytes, struct keyfile_key *ret)
{
    uint8_t *plain;

    if (file->sealed) {
        return ERR_SEALED;
    }
    if (file->pem) {
        return pem_open(bytes, (struct view){NULL, 0}, ret);
    }
    plain = secret_alloc(file->secret.len);
    if (plain == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(plain, file->secret.data, file->secret.len);
    return openssh_open(file, plain, file->secret.len, ret);
}

void keyfile_key_free(struct keyfile_key *key)
{
    secret_free(key->bytes);
    *key = (struct keyfile_key){0};
}
