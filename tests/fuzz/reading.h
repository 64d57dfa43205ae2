/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_READING_H
#define FUZZ_READING_H

#include "wire.h"

/* What the keystore would keep of an ADD message; asks keystore/add_request.c. */
struct reading {
    uint32_t life; /* seconds; 0 for none */
    bool confirm;
    struct view comment, destinations; /* into the message */
};

/* Writes the key's blob. An error is what the keystore answers. */
enum err must_check read_add(struct view message, bool constrained, struct wire_writer *blob,
                             struct reading *ret);

#endif
