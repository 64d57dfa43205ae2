/* SPDX-License-Identifier: BSD-2-Clause */
#include "blowfish.h"

#include "wire.h"

/* A block on its way through a state. */
struct halves {
    uint32_t left, right;
};

static inline uint32_t mix(const struct blowfish *b, uint32_t x)
{
    return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^ b->s[2][x >> 8 & 0xff]) +
           b->s[3][x & 0xff];
}

/* Rounds n and n + 1 of 16, so that the halves need no swap; their first addition is done. */
static inline void two_rounds(const struct blowfish *b, unsigned n, struct halves *h)
{
    h->right ^= b->p[n + 1] ^ mix(b, h->left);
    h->left ^= b->p[n + 2] ^ mix(b, h->right);
}

static inline void encrypt(const struct blowfish *b, struct halves *h)
{
    struct halves x = {h->left ^ b->p[0], h->right};

    for (unsigned n = 0; n < 16; n += 2) {
        two_rounds(b, n, &x);
    }
    *h = (struct halves){x.right ^ b->p[17], x.left};
}

static inline void encrypt_two(const struct blowfish *a, struct halves *in_a,
                               const struct blowfish *b, struct halves *in_b)
{
    struct halves x = {in_a->left ^ a->p[0], in_a->right};
    struct halves y = {in_b->left ^ b->p[0], in_b->right};

    for (unsigned n = 0; n < 16; n += 2) {
        two_rounds(a, n, &x);
        two_rounds(b, n, &y);
    }
    *in_a = (struct halves){x.right ^ a->p[17], x.left};
    *in_b = (struct halves){y.right ^ b->p[17], y.left};
}

void blowfish_words(const uint8_t bytes[64], uint32_t ret[BLOWFISH_KEY_WORDS])
{
    for (size_t i = 0; i < BLOWFISH_KEY_WORDS; i++) {
        ret[i] = load_u32(bytes + 4 * i);
    }
}

static void add_key(struct blowfish *state, const uint32_t *key)
{
    for (size_t i = 0; i < 18; i++) {
        state->p[i] ^= key[i % BLOWFISH_KEY_WORDS];
    }
}

/* The words of a state in their order: p, then s. */
static inline uint32_t *word(struct blowfish *state, size_t i)
{
    return i < 18 ? &state->p[i] : &state->s[(i - 18) >> 8][(i - 18) & 0xff];
}

#define WORDS (sizeof(struct blowfish) / sizeof(uint32_t))

void blowfish_expand(struct blowfish *state, const uint32_t *salt, const uint32_t *key)
{
    struct halves h = {0, 0};

    add_key(state, key);
    for (size_t i = 0; i < WORDS; i += 2) {
        if (salt != NULL) {
            h.left ^= salt[i % BLOWFISH_KEY_WORDS];
            h.right ^= salt[(i + 1) % BLOWFISH_KEY_WORDS];
        }
        encrypt(state, &h);
        *word(state, i) = h.left;
        *word(state, i + 1) = h.right;
    }
}

void blowfish_expand_two(struct blowfish *a, const uint32_t *key_a, struct blowfish *b,
                         const uint32_t *key_b)
{
    struct halves in_a = {0, 0};
    struct halves in_b = {0, 0};

    add_key(a, key_a);
    add_key(b, key_b);
    for (size_t i = 0; i < WORDS; i += 2) {
        encrypt_two(a, &in_a, b, &in_b);
        *word(a, i) = in_a.left;
        *word(a, i + 1) = in_a.right;
        *word(b, i) = in_b.left;
        *word(b, i + 1) = in_b.right;
    }
}

void blowfish_encrypt(const struct blowfish *state, uint32_t block[2])
{
    struct halves h = {block[0], block[1]};

    encrypt(state, &h);
    block[0] = h.left;
    block[1] = h.right;
}
