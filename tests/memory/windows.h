/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to look for: every 8 bytes in a row of each secret, in its own order and in the opposite one
 * (as libcrypto's limbs lie on a little-endian machine), so that a part of a secret is found too.
 */
#ifndef SPLIT_SSH_PROOF_WINDOWS_H
#define SPLIT_SSH_PROOF_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW      8U /* bytes */
#define SECRETS_MAX 64U

/* What is found of one secret. */
struct finding {
    char name[64];
    unsigned long hits;
    uint64_t first;  /* where: an address or an offset */
    char place[128]; /* in words */
};

/* Reads "NAME HEX" lines from a file (secrets.py). Ends the program if there is anything else. */
void windows_load(const char *path);

/* How many windows there are. */
size_t windows_count(void);

/* Looks through len bytes that come from this address, or offset, of a place. */
void windows_search(const uint8_t *bytes, size_t len, uint64_t at, const char *place);

/* All findings so far, count of them, one for each secret. */
const struct finding *windows_findings(size_t *ret_count);

/* Hits of all secrets. */
unsigned long windows_hits(void);

/* Ends the program with status 2; errno's text follows unless errno is 0. */
_Noreturn void __attribute__((format(printf, 1, 2))) die(const char *format, ...);

#endif
