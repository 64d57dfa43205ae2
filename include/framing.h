/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames on a stream: a length word, and then as many bytes. Pure. */
#ifndef SPLIT_SSH_FRAMING_H
#define SPLIT_SSH_FRAMING_H

#include "wire.h"

#define FRAMING_LENGTH 4U /* bytes of the length word */

/* Where the next bytes of a frame go. */
struct room {
    uint8_t *at;
    size_t len; /* bytes; never 0 while there is something to come */
};

/*@
  requires \valid_read(bytes + (0 .. have - 1)) && \valid(ret);
  assigns *ret;
  ensures \result == OK || \result == ERR_MALFORMED || \result == ERR_TOO_BIG;
  ensures \result == OK ==> *ret <= max && (*ret == 0 <==> have < FRAMING_LENGTH);
  ensures \result != OK ==> *ret == \old(*ret) && have >= FRAMING_LENGTH;
*/
/*
 * The length word of a frame whose first have bytes are there. *ret is how many bytes are to follow
 * it, 1 to max; or 0 as long as the word is not all there. ERR_MALFORMED: none are to follow;
 * ERR_TOO_BIG: more than max. *ret is then untouched.
 */
static inline enum err must_check frame_length(const uint8_t *bytes, size_t have, size_t max,
                                               size_t *ret)
{
    size_t len;

    if (have < FRAMING_LENGTH) {
        *ret = 0;
        return OK;
    }
    len = load_u32(bytes);
    if (len == 0) {
        return ERR_MALFORMED;
    }
    if (len > max) {
        return ERR_TOO_BIG;
    }
    *ret = len;
    return OK;
}

#endif
