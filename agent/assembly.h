/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_ASSEMBLY_H
#define AGENT_ASSEMBLY_H

#include "framing.h"
#include "limits.h"

/*
 * How a client's bytes become a descriptor and frames: which are there, where the next ones go, and
 * how many those may be. Pure; frame.c receives them and has the memory.
 */

#define FRAME_HEADER 5U /* bytes: length word and type */

/* A frame that comes in. Starts as zero bytes, and is changed by these functions alone. */
struct assembly {
    uint8_t header[FRAME_HEADER];
    size_t header_have;
    size_t body_len;  /* bytes after the header; of the last frame, until the header is whole */
    size_t body_have; /* of these */
    uint8_t *body;    /* NULL: they are dropped, or the first is still to come */
    size_t body_cap;  /* room at body */
};

/*@
  predicate assembly_valid(struct assembly *in) = \valid(in) &&
      in->header_have <= FRAME_HEADER &&
      in->body_have <= in->body_len < FRAME_MAX &&
      in->body_cap <= FRAME_MAX &&
      \valid(in->body + (0 .. in->body_cap - 1)) &&
      \separated(in, in->body + (0 .. in->body_cap - 1)) &&
      (in->body_cap > 0 ==> in->body_have <= in->body_cap);
*/

/*@
  requires \valid_read(bytes + (0 .. n - 1));
  assigns \nothing;
  ensures \result <= n && (\result < n ==> bytes[\result] == 0);
  ensures \forall integer i; 0 <= i < \result ==> bytes[i] != 0;
*/
/* Looks for the descriptor's NUL among the first n bytes of a connection: n if it is not there. */
size_t descriptor_end(const char *bytes, size_t n);

/*@
  requires assembly_valid(in) && in->header_have < FRAME_HEADER;
  assigns \nothing;
  ensures 0 < \result.len && \result.at == in->header + in->header_have;
  ensures \valid(\result.at + (0 .. \result.len - 1));
  ensures in->header_have + \result.len <= FRAME_HEADER;
*/
/* What is missing of the header. */
struct room header_room(struct assembly *in);

/*@
  requires assembly_valid(in) && n <= FRAME_HEADER - in->header_have;
  requires in->body_cap == 0;
  assigns in->header_have, in->body_len, in->body_have;
  ensures assembly_valid(in) && in->header_have == \old(in->header_have) + n;
  ensures \result == OK && in->header_have == FRAME_HEADER ==> in->body_have == 0;
  ensures \result == OK || \result == ERR_MALFORMED || \result == ERR_TOO_BIG;
  ensures \result != OK ==>
      in->body_len == \old(in->body_len) && in->body_have == \old(in->body_have);
*/
/*
 * Another n bytes of it have come. When it is whole, that is header_have is FRAME_HEADER, the frame
 * has body_len bytes more. ERR_MALFORMED: the length word is 0; ERR_TOO_BIG: past FRAME_MAX.
 */
enum err must_check header_add(struct assembly *in, size_t n);

/*@
  requires assembly_valid(in);
  assigns in->header_have;
  ensures assembly_valid(in) && in->header_have == 0;
*/
/* The next frame begins. */
void header_forget(struct assembly *in);

/*@
  requires assembly_valid(in) && in->body_have < in->body_len;
  requires in->body_cap > 0 || in->body_have == 0;
  assigns \nothing;
  ensures in->body_have < \result <= FRAME_MAX;
  ensures in->body_have < in->body_cap ? \result == in->body_cap : \result <= in->body_len;
*/
/*
 * How much memory the body needs before it can go on: body_cap where that has room, else more, but
 * far from what a header claims as long as the bytes have not come.
 */
size_t body_next_cap(const struct assembly *in);

/*@
  requires \valid(in) && in->header_have <= FRAME_HEADER;
  requires in->body_have <= in->body_len < FRAME_MAX;
  requires in->body_have <= cap && 0 < cap <= FRAME_MAX;
  requires \valid(body + (0 .. cap - 1)) && \separated(in, body + (0 .. cap - 1));
  assigns in->body \from body;
  assigns in->body_cap \from cap;
  ensures assembly_valid(in) && in->body == body && in->body_cap == cap;
*/
/* The body goes to cap bytes at body from now on; what has come is there already. */
void body_place(struct assembly *in, uint8_t *body, size_t cap);

/*@
  requires assembly_valid(in) && in->body_have < in->body_len && in->body_have < in->body_cap;
  assigns \nothing;
  ensures 0 < \result.len && \result.at == in->body + in->body_have;
  ensures \valid(\result.at + (0 .. \result.len - 1));
  ensures in->body_have + \result.len <= in->body_len;
  ensures in->body_have + \result.len <= in->body_cap;
*/
/* Where the next bytes of the body go. */
struct room body_room(const struct assembly *in);

/*@
  requires assembly_valid(in) && in->body_have < in->body_len && in->body_cap == 0;
  requires 0 < size && \valid(scrap + (0 .. size - 1));
  assigns \nothing;
  ensures 0 < \result.len && \result.at == scrap;
  ensures \valid(\result.at + (0 .. \result.len - 1));
  ensures in->body_have + \result.len <= in->body_len;
*/
/* The same for one that is dropped: size bytes, which are used again and again. */
struct room body_scrap(const struct assembly *in, uint8_t *scrap, size_t size);

/*@
  requires assembly_valid(in) && n <= in->body_len - in->body_have;
  requires in->body_cap > 0 ==> n <= in->body_cap - in->body_have;
  assigns in->body_have;
  ensures assembly_valid(in) && in->body_have == \old(in->body_have) + n;
  ensures \result <==> in->body_have == in->body_len;
*/
/* Another n bytes of it have come, of those that there was room for. True: it is whole. */
bool body_add(struct assembly *in, size_t n);

/*@
  requires \valid(in) && in->header_have <= FRAME_HEADER && in->body_len < FRAME_MAX;
  assigns in->body \from \nothing;
  assigns in->body_have, in->body_cap;
  ensures assembly_valid(in) && in->body == \null && in->body_have == 0 && in->body_cap == 0;
*/
/* The frame was handled, and its memory is gone. body_len stays for who still counts with it. */
void body_forget(struct assembly *in);

#endif
