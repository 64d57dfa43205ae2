/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_PACKET_H
#define KEYSTORE_PACKET_H

#include "side_ipc.h"
#include "wire.h"

/* A packet of the prompt (side_ipc.h); views into its bytes. */
struct packet {
    uint8_t type; /* enum side_message */
    uint64_t ticket;
    /* FILE; else 0 */
    bool confirm;
    uint32_t life;                   /* seconds, or SIDE_NO_LIFE */
    struct view public, certificate; /* at most CERTIFICATE_MAX bytes */
    struct view comment;             /* at most SIDE_COMMENT_MAX bytes */
};

/*@
  requires view_valid(bytes) && \valid(ret) && \separated(ret, bytes.data + (0 .. bytes.len - 1));
  assigns *ret;
  ensures \result == OK ==> SIDE_FILE <= ret->type <= SIDE_DROP;
  ensures \result == OK ==> view_in(ret->public, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->certificate, bytes.data, bytes.len);
  ensures \result == OK ==> view_in(ret->comment, bytes.data, bytes.len);
  ensures \result == OK ==> ret->public.len <= CERTIFICATE_MAX;
  ensures \result == OK ==> ret->certificate.len <= CERTIFICATE_MAX;
  ensures \result == OK ==> ret->comment.len <= SIDE_COMMENT_MAX;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/*
 * Pure. Returns ERR_MALFORMED or ERR_TOO_BIG for bytes that no prompt of ours sends; *ret is then
 * untouched.
 */
enum err must_check packet_read(struct view bytes, struct packet *ret);

#endif
