/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_name.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "key_public.h"
#include "secret_memory.h"

#define ARMOUR   "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define MAGIC    "openssh-key-v1" /* with its NUL */
#define TEXT_MAX 8192U /* the public half of RSA-16384, twice, in base64, is within that */

/* All that public key files may have: a certificate in base64, and a comment. */
#define PUBLIC_TEXT_MAX ((size_t)2 * CERTIFICATE_MAX)

bool key_name_is_fingerprint(const char *text)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t len = sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES,
                                                 sodium_base64_VARIANT_ORIGINAL_NO_PADDING) -
                       1;

    if (strncmp(text, FINGERPRINT_PREFIX, sizeof FINGERPRINT_PREFIX - 1) != 0) {
        return false;
    }
    text += sizeof FINGERPRINT_PREFIX - 1;
    return strlen(text) == len && strspn(text, base64) == len;
}

/* Decodes base64 where it is: whole groups of four, up to what is none. */
static size_t decode(char *text, size_t len)
{
    size_t kept = 0;
    size_t done = 0;

    for (size_t i = 0; i < len && text[i] != '-' && text[i] != '='; i++) {
        if (text[i] != '\n' && text[i] != '\r') {
            text[kept++] = text[i];
        }
    }
    kept -= kept % 4;
    if (sodium_base642bin((unsigned char *)text, len, text, kept, NULL, &done, NULL,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0) {
        return 0;
    }
    return done;
}

enum err key_name_of_text(char *text, size_t len, char ret[FINGERPRINT_SIZE])
{
    char *begin = memmem(text, len, ARMOUR, sizeof ARMOUR - 1);
    struct wire_reader r;
    struct view blob;
    struct view magic;

    if (begin == NULL) {
        return ERR_FILE_PUBLIC;
    }
    begin += sizeof ARMOUR - 1;
    r = wire_reader(begin, decode(begin, len - (size_t)(begin - text)));
    magic = wire_bytes(&r, sizeof MAGIC);
    wire_string(&r, TEXT_MAX); /* cipher */
    wire_string(&r, TEXT_MAX); /* key derivation */
    wire_string(&r, TEXT_MAX); /* ... and its options */
    if (wire_u32(&r) != 1) {
        return ERR_FILE_PUBLIC;
    }
    blob = wire_string(&r, TEXT_MAX);
    if (r.err != OK || memcmp(magic.data, MAGIC, sizeof MAGIC) != 0) {
        return ERR_FILE_PUBLIC;
    }
    fingerprint_of(blob, ret);
    return OK;
}

/* A regular file's first bytes, at most max. */
static enum err read_start(const char *path, void *ret, size_t max, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    enum err err = ERR_SYSTEM;
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0) {
        return ERR_SYSTEM;
    }
    if (fstat(fd, &status) != 0) {
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        goto out;
    }
    while (len < max && (n = read(fd, (uint8_t *)ret + len, max - len)) > 0) {
        len += (size_t)n;
    }
    if (n >= 0) {
        *ret_len = len;
        err = OK;
    }
out:
    close(fd);
    return err;
}

enum err key_name_of_public(const char *path, char ret[FINGERPRINT_SIZE])
{
    uint8_t *text = malloc(PUBLIC_TEXT_MAX);
    struct key_public *key = malloc(sizeof *key);
    size_t len = 0;
    enum err err = ERR_SYSTEM;

    if (text != NULL && key != NULL) {
        err = read_start(path, text, PUBLIC_TEXT_MAX, &len);
    }
    if (err == OK && key_public_parse((struct view){text, len}, key) != OK) {
        err = ERR_FILE_PUBLIC;
    }
    if (err == OK) {
        fingerprint_of((struct view){key->blob, key->len}, ret);
    }
    free(text);
    free(key);
    return err;
}

enum err key_name_of_file(const char *path, char ret[FINGERPRINT_SIZE])
{
    struct secret_memory start = {.bytes = NULL};
    char public[PATH_MAX];
    enum err err = secret_memory_map(TEXT_MAX, &start);

    if (err != OK) {
        return err;
    }
    err = read_start(path, start.bytes, TEXT_MAX, &start.len);
    if (err == OK) {
        err = key_name_of_text((char *)start.bytes, start.len, ret);
    }
    secret_memory_free(&start);
    if (err == ERR_FILE_PUBLIC &&
        (size_t)snprintf(public, sizeof public, "%s.pub", path) < sizeof public &&
        key_name_of_public(public, ret) == OK) {
        err = OK;
    }
    return err;
}
