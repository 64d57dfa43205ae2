/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the proofs take for granted of the C library (C17, section 7.24): only what can go wrong,
 * not what the functions compute. Frama-C's own contracts are on char, and its memory model takes
 * what is written as char for nothing that is read as uint8_t; bytes are uint8_t here.
 */
#ifndef PROOF_STRING_H
#define PROOF_STRING_H

#include <stddef.h>
#include <stdint.h>

/*@
  predicate text_constant(char *s) =
    s == (char *)\base_addr(s) && 0 < \block_length(s) && !\valid(s) &&
    \valid_read(s + (0 .. \block_length(s) - 1)) && s[\block_length(s) - 1] == 0;

  predicate text_valid(char *s) =
    text_constant(s) || \exists integer n; 0 <= n && \valid_read(s + (0 .. n)) && s[n] == 0;
*/

/* n > 0: even where nothing is read, the pointer must not be NULL (7.24.1, paragraph 2). */
/*@
  requires n > 0;
  requires \valid_read((uint8_t *)a + (0 .. n - 1)) && \valid_read((uint8_t *)b + (0 .. n - 1));
  terminates \true;
  assigns \result \from ((uint8_t *)a)[0 .. n - 1], ((uint8_t *)b)[0 .. n - 1];
*/
extern int memcmp(const void *a, const void *b, size_t n);

/*@
  requires n > 0;
  requires \valid((uint8_t *)to + (0 .. n - 1)) && \valid_read((uint8_t *)from + (0 .. n - 1));
  requires \separated((uint8_t *)to + (0 .. n - 1), (uint8_t *)from + (0 .. n - 1));
  terminates \true;
  assigns ((uint8_t *)to)[0 .. n - 1] \from ((uint8_t *)from)[0 .. n - 1];
  assigns \result \from to;
  ensures \result == to;
*/
extern void *memcpy(void *restrict to, const void *restrict from, size_t n);

/*@
  requires text_valid(s);
  terminates \true;
  assigns \result \from s[0 ..];
  ensures \valid_read(s + (0 .. \result)) && s[\result] == 0;
  ensures \forall integer i; 0 <= i < \result ==> s[i] != 0;
*/
extern size_t strlen(const char *s);

/*@
  requires text_valid(a) && text_valid(b);
  terminates \true;
  assigns \result \from a[0 ..], b[0 ..];
*/
extern int strcmp(const char *a, const char *b);

/*@
  requires n > 0;
  requires \valid_read((uint8_t *)s + (0 .. n - 1));
  terminates \true;
  assigns \result \from s, ((uint8_t *)s)[0 .. n - 1];
*/
extern void *memchr(const void *s, int c, size_t n);

#endif
