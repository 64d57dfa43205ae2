/* SPDX-License-Identifier: BSD-2-Clause */
#include "assembly.h"

#define BODY_FIRST_CAP 4096U /* a length that a peer claims gets no more than this at first */
#define BODY_GROWTH    4U

/*@
  assigns \nothing;
  ensures \result == \min(a, b);
*/
static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t descriptor_end(const char *bytes, size_t n)
{
    size_t i = 0;

    /*@
      loop invariant 0 <= i <= n && \forall integer k; 0 <= k < i ==> bytes[k] != 0;
      loop assigns i;
      loop variant n - i;
    */
    while (i < n && bytes[i] != '\0') {
        i++;
    }
    return i;
}

struct room header_room(struct assembly *in)
{
    return (struct room){in->header + in->header_have, FRAME_HEADER - in->header_have};
}

enum err header_add(struct assembly *in, size_t n)
{
    size_t len;
    enum err err;

    in->header_have += n;
    err = frame_length(in->header, in->header_have, FRAME_MAX, &len);
    if (err == OK && in->header_have == FRAME_HEADER) {
        in->body_len = len - 1;
        in->body_have = 0;
    }
    return err;
}

void header_forget(struct assembly *in)
{
    in->header_have = 0;
}

size_t body_next_cap(const struct assembly *in)
{
    size_t cap = in->body_cap == 0 ? BODY_FIRST_CAP : in->body_cap * BODY_GROWTH;

    return in->body_have < in->body_cap ? in->body_cap : smaller(cap, in->body_len);
}

void body_place(struct assembly *in, uint8_t *body, size_t cap)
{
    in->body = body;
    in->body_cap = cap;
}

struct room body_room(const struct assembly *in)
{
    return (struct room){in->body + in->body_have,
                         smaller(in->body_len, in->body_cap) - in->body_have};
}

struct room body_scrap(const struct assembly *in, uint8_t *scrap, size_t size)
{
    return (struct room){scrap, smaller(in->body_len - in->body_have, size)};
}

bool body_add(struct assembly *in, size_t n)
{
    in->body_have += n;
    return in->body_have == in->body_len;
}

void body_forget(struct assembly *in)
{
    in->body = NULL;
    in->body_have = 0;
    in->body_cap = 0;
}
