/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_BLOWFISH_H
#define KEYSTORE_BLOWFISH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Blowfish (Schneier, "Description of a New Variable-Length Key, 64-Bit Block Cipher", 1993), and
 * the key set-up of bcrypt (Provos and Mazieres, "A Future-Adaptable Password Scheme", 1999).
 * Pure; the caller wipes.
 */

#define BLOWFISH_KEY_WORDS 16U /* the keys of bcrypt_pbkdf are SHA-512 hashes */

struct blowfish {
    uint32_t p[18];
    uint32_t s[4][256];
};

/* The state before any key: the bits of pi. */
extern const struct blowfish blowfish_pi;

/* A key as words, of 64 big-endian bytes. */
void blowfish_words(const uint8_t bytes[64], uint32_t ret[BLOWFISH_KEY_WORDS]);

/*
 * Mixes a key into the state, and with it a salt of as many words; NULL for none, which then is the
 * key set-up of plain Blowfish: a shorter key is repeated.
 */
void blowfish_expand(struct blowfish *state, const uint32_t *salt, const uint32_t *key);

/*
 * blowfish_expand() without a salt, of two states at once. They do not depend on each other, so the
 * processor works on one while it waits for the other: half the time.
 */
void blowfish_expand_two(struct blowfish *a, const uint32_t *key_a, struct blowfish *b,
                         const uint32_t *key_b);

/* Encrypts one block, the left half first. */
void blowfish_encrypt(const struct blowfish *state, uint32_t block[2]);

#endif
