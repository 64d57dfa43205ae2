/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between two ends of a stream, each with a descriptor to read and one to write. */
#ifndef STANDIN_SHUTTLE_H
#define STANDIN_SHUTTLE_H

#include <stdbool.h>

struct end {
    int in;  /* read from here */
    int out; /* write there; may be the same descriptor if it is a socket */
};

/*
 * Copies both ways, with half-closes passed on, until the far end has closed its direction and the
 * near end has too, or the far end is closed altogether. Makes the descriptors non-blocking, as
 * qrexec-client-vm does. False with errno if poll(2) fails.
 */
bool shuttle(struct end near, struct end far);

#endif
