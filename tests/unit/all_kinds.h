/* SPDX-License-Identifier: BSD-2-Clause */
/* A key of each kind with its certificate, made once for all tests of a file. */
#ifndef SPLIT_SSH_TESTS_ALL_KINDS_H
#define SPLIT_SSH_TESTS_ALL_KINDS_H

#include "signing.h"

static struct openssh_key files[KINDS];
static struct view certificates[KINDS];
static EVP_PKEY *publics[KINDS]; /* none for ed25519, the first */

static inline void all_kinds_make(void)
{
    char file[64];

    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_read(keygen_kinds[i].name, &files[i]);
        snprintf(file, sizeof file, "%s-cert.pub", keygen_kinds[i].name);
        certificates[i] = keygen_blob(file);
        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        publics[i] = i == 0 ? NULL : public_pkey(file);
    }
}

static inline int all_kinds_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_free(&files[i]);
        view_free(&certificates[i]);
        EVP_PKEY_free(publics[i]);
    }
    keygen_stop();
    return 0;
}

#endif
