/* SPDX-License-Identifier: BSD-2-Clause */
/* The keystore around a target: its memory and its stack, and what holds for every key that it has.
 */
#ifndef FUZZ_ARENA_H
#define FUZZ_ARENA_H

#include "fuzz.h"

#include <sodium.h>

#include "libcrypto.h"
#include "secret.h"
#include "sign.h"
#include "stack.h"
#include "verifier.h"

/* What LLVMFuzzerInitialize() returns. */
static inline int arena_start(void)
{
    if (secret_init() != OK || stack_init() != OK || libcrypto_init() != OK || sodium_init() < 0) {
        fprintf(stderr, "cannot set up the keystore's memory or its libraries\n");
        return 1;
    }
    return 0;
}

static inline size_t arena_used(void)
{
    struct secret_info info;

    secret_info(&info);
    return info.used;
}

/*
 * Does the work on the stack in the arena, which has to give all memory back. libcrypto keeps some
 * of what it makes for the first time; so who leaves memory does the same once more, and again.
 */
static inline void arena_run(void (*work)(void *argument), void *argument)
{
    size_t before;
    unsigned tries = 0;

    do {
        CHECK(tries++ < 4);
        before = arena_used();
        stack_run(work, argument);
    } while (arena_used() > before);
}

/* It signs, and the signature is one of this public half. */
static inline void check_signs(struct key *key, const struct public_key *public)
{
    static const uint8_t text[] = "data to be signed";
    const struct view data = {text, sizeof text};
    uint8_t blob[2 * KEY_TYPE_MAX + 16 + 2 * MPINT_MAX];
    uint8_t signature[SIGNATURE_MAX];
    struct wire_writer blob_writer = wire_writer(blob, sizeof blob);
    struct wire_writer w = wire_writer(signature, sizeof signature);

    put_public_key(&blob_writer, public);
    CHECK(blob_writer.err == OK);
    CHECK(sign_data(key, SIGN_RSA_SHA2_256, data, &w) == OK && w.err == OK);
    CHECK(verifies(wire_written(&blob_writer), wire_written(&w), data));
}

#endif
