/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_INTAKE_H
#define KEYSTORE_INTAKE_H

#include "framing.h"
#include "ipc.h"

#define INTAKE_SIZE (FRAMING_LENGTH + IPC_MAX) /* bytes: the largest request */

/* What is there of a request of the agent. Pure; serve.c receives the bytes and wipes them. */
struct intake {
    uint8_t *bytes; /* INTAKE_SIZE of them */
    size_t have;    /* 0 at first, and again once the request was handled */
};

/*@
  predicate intake_valid(struct intake *in) =
    \valid(in) && in->have <= INTAKE_SIZE && \valid(in->bytes + (0 .. INTAKE_SIZE - 1)) &&
    \separated(in, in->bytes + (0 .. INTAKE_SIZE - 1));
*/

/*@
  requires intake_valid(in) && in->have < INTAKE_SIZE;
  assigns \nothing;
  ensures 0 < \result.len && \result.at == in->bytes + in->have;
  ensures \valid(\result.at + (0 .. \result.len - 1));
  ensures in->have + \result.len <= INTAKE_SIZE;
*/
/* Where the next bytes go. */
struct room intake_room(const struct intake *in);

/*@
  requires intake_valid(in) && n <= INTAKE_SIZE - in->have && \valid(ret);
  requires \separated(ret, in, in->bytes + (0 .. INTAKE_SIZE - 1));
  assigns in->have, *ret;
  ensures intake_valid(in) && in->have == \old(in->have) + n;
  ensures \result == OK || \result == ERR_MALFORMED || \result == ERR_TOO_BIG;
  ensures \result == OK ==> view_valid(*ret) && view_in(*ret, in->bytes, in->have);
  ensures \result == OK && ret->len == 0 ==> in->have < INTAKE_SIZE;
  ensures \result == OK && ret->len > 0 ==>
    ret->data == in->bytes + FRAMING_LENGTH && in->have == FRAMING_LENGTH + ret->len;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * Another n bytes have come there. *ret is the request after its length word, or empty as long as
 * it is not whole. One request is under way at a time, so nothing may follow it: ERR_MALFORMED, as
 * for an empty one; ERR_TOO_BIG: past IPC_MAX. *ret is then untouched.
 */
enum err must_check intake_add(struct intake *in, size_t n, struct view *ret);

#endif
