/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What include/approval.h takes of libsodium. Its decoder, which is proved, takes the sizes alone;
 * the functions are here because the header calls them, and nothing that is proved does.
 */
#ifndef PROOF_SODIUM_H
#define PROOF_SODIUM_H

#include <stddef.h>
#include <stdint.h>

#define crypto_auth_KEYBYTES 32U
#define crypto_auth_BYTES    32U

typedef struct {
    uint8_t opaque[384];
} crypto_generichash_state;

/*@
  requires \valid(to + (0 .. to_len - 1)) && \valid_read(from + (0 .. len - 1));
  terminates \true;
  assigns to[0 .. to_len - 1] \from from[0 .. len - 1];
  assigns \result \from to_len;
*/
extern int crypto_generichash(uint8_t *to, size_t to_len, const uint8_t *from, size_t len,
                              const uint8_t *key, size_t key_len);

/*@
  requires \valid(state);
  terminates \true;
  assigns *state \from to_len;
  assigns \result \from to_len;
*/
extern int crypto_generichash_init(crypto_generichash_state *state, const uint8_t *key,
                                   size_t key_len, size_t to_len);

/*@
  requires \valid(state) && \valid_read(from + (0 .. len - 1));
  terminates \true;
  assigns *state \from from[0 .. len - 1];
  assigns \result \from len;
*/
extern int crypto_generichash_update(crypto_generichash_state *state, const uint8_t *from,
                                     size_t len);

/*@
  requires \valid(state) && \valid(to + (0 .. to_len - 1));
  terminates \true;
  assigns *state, to[0 .. to_len - 1] \from *state;
  assigns \result \from to_len;
*/
extern int crypto_generichash_final(crypto_generichash_state *state, uint8_t *to, size_t to_len);

/*@
  requires \valid(to + (0 .. crypto_auth_BYTES - 1)) && \valid_read(from + (0 .. len - 1));
  requires \valid_read(key + (0 .. crypto_auth_KEYBYTES - 1));
  terminates \true;
  assigns to[0 .. crypto_auth_BYTES - 1] \from from[0 .. len - 1], key[0 .. 31];
  assigns \result \from len;
*/
extern int crypto_auth(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *key);

#endif
