/* SPDX-License-Identifier: BSD-2-Clause */
#include "bcrypt_pbkdf.h"

#include <sodium.h>

#include "blowfish.h"
#include "secret.h"

#define HASH_SIZE   crypto_hash_sha512_BYTES
#define BLOCK_WORDS ((size_t)8)
#define BLOCK_SIZE  (4 * BLOCK_WORDS) /* bytes of a block of output */
#define LANES       (BCRYPT_PBKDF_MAX / BLOCK_SIZE)
#define REPEATS     64U /* salt and passphrase are mixed in so often, and the text encrypted */

/* What a block of output takes; the blocks do not depend on each other. */
struct lane {
    struct blowfish state;
    uint32_t salt[BLOWFISH_KEY_WORDS];
    uint8_t last[BLOCK_SIZE]; /* the bcrypt of the last round */
    uint8_t sum[BLOCK_SIZE];  /* exclusive or of all rounds */
};

struct bcrypt_pbkdf {
    uint32_t passphrase[BLOWFISH_KEY_WORDS];
    struct lane lane[LANES];
    size_t lanes;
    size_t len;      /* bytes of the key */
    uint32_t rounds; /* to do, this one included */
    uint32_t part;   /* of the round, done */
    uint8_t hash[HASH_SIZE];
};

/* The hash of what was put into state becomes the lane's salt. */
static void set_salt(struct bcrypt_pbkdf *kdf, struct lane *lane, crypto_hash_sha512_state *state)
{
    crypto_hash_sha512_final(state, kdf->hash);
    blowfish_words(kdf->hash, lane->salt);
}

static void first_salts(struct bcrypt_pbkdf *kdf, struct view salt)
{
    crypto_hash_sha512_state state;

    for (size_t i = 0; i < kdf->lanes; i++) {
        uint8_t number[4];

        store_u32(number, (uint32_t)i + 1);
        crypto_hash_sha512_init(&state);
        crypto_hash_sha512_update(&state, salt.data, salt.len);
        crypto_hash_sha512_update(&state, number, sizeof number);
        set_salt(kdf, &kdf->lane[i], &state);
    }
}

/* The salt of each round but the first is the result of the one before. */
static void next_salt(struct bcrypt_pbkdf *kdf, struct lane *lane)
{
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, lane->last, sizeof lane->last);
    set_salt(kdf, lane, &state);
    sodium_memzero(&state, sizeof state);
}

enum err bcrypt_pbkdf_begin(struct view passphrase, struct view salt, uint32_t rounds, size_t len,
                            struct bcrypt_pbkdf **ret)
{
    struct bcrypt_pbkdf *kdf;

    if (len == 0 || len > BCRYPT_PBKDF_MAX) {
        return ERR_TOO_BIG;
    }
    if (passphrase.len == 0 || salt.len == 0 || rounds == 0) {
        return ERR_MALFORMED;
    }
    kdf = secret_alloc(sizeof *kdf);
    if (kdf == NULL) {
        return ERR_NO_MEMORY;
    }
    kdf->lanes = (len + BLOCK_SIZE - 1) / BLOCK_SIZE;
    kdf->len = len;
    kdf->rounds = rounds;
    crypto_hash_sha512(kdf->hash, passphrase.data, passphrase.len);
    blowfish_words(kdf->hash, kdf->passphrase);
    first_salts(kdf, salt);
    *ret = kdf;
    return OK;
}

/* The text that bcrypt encrypts, its words in Blowfish's byte order; the result is little-endian.
 */
static void encrypt_text(struct lane *lane)
{
    static const uint8_t text[BLOCK_SIZE + 1] = "OxychromaticBlowfishSwatDynamite";

    for (size_t i = 0; i < BLOCK_WORDS; i += 2) {
        uint32_t block[2] = {load_u32(text + 4 * i), load_u32(text + 4 * i + 4)};

        for (unsigned n = 0; n < REPEATS; n++) {
            blowfish_encrypt(&lane->state, block);
        }
        for (size_t j = 0; j < 8; j++) {
            lane->last[4 * i + j] = (uint8_t)(block[j / 4] >> 8 * (j % 4));
        }
    }
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        lane->sum[i] ^= lane->last[i];
    }
}

static void start_round(struct bcrypt_pbkdf *kdf)
{
    for (size_t i = 0; i < kdf->lanes; i++) {
        kdf->lane[i].state = blowfish_pi;
        blowfish_expand(&kdf->lane[i].state, kdf->lane[i].salt, kdf->passphrase);
    }
}

/* Salt and passphrase in turn. */
static void mix_in(struct bcrypt_pbkdf *kdf, bool salt)
{
    struct lane *a = &kdf->lane[0];
    struct lane *b = &kdf->lane[1];

    if (kdf->lanes == 1) {
        blowfish_expand(&a->state, NULL, salt ? a->salt : kdf->passphrase);
    } else {
        blowfish_expand_two(&a->state, salt ? a->salt : kdf->passphrase, &b->state,
                            salt ? b->salt : kdf->passphrase);
    }
}

static void end_round(struct bcrypt_pbkdf *kdf)
{
    for (size_t i = 0; i < kdf->lanes; i++) {
        encrypt_text(&kdf->lane[i]);
        next_salt(kdf, &kdf->lane[i]);
    }
    kdf->rounds--;
    kdf->part = 0;
}

bool bcrypt_pbkdf_step(struct bcrypt_pbkdf *kdf)
{
    if (kdf->rounds == 0) {
        return true;
    }
    if (kdf->part == 0) {
        start_round(kdf);
    } else if (kdf->part <= 2 * REPEATS) {
        mix_in(kdf, kdf->part % 2 == 1);
    } else {
        end_round(kdf);
        return kdf->rounds == 0;
    }
    kdf->part++;
    return false;
}

void bcrypt_pbkdf_result(const struct bcrypt_pbkdf *kdf, uint8_t *ret)
{
    for (size_t i = 0; i < kdf->len; i++) {
        ret[i] = kdf->lane[i % kdf->lanes].sum[i / kdf->lanes];
    }
}

void bcrypt_pbkdf_end(struct bcrypt_pbkdf **kdf)
{
    secret_free(*kdf);
    *kdf = NULL;
}
