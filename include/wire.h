/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SSH wire format (RFC 4251, section 5): a reader over a borrowed buffer whose error sticks,
 * so that a decoder reads like the message layout of its RFC and checks once, at the end; and a
 * writer into a borrowed buffer that does the same with its capacity.
 */
#ifndef SPLIT_SSH_WIRE_H
#define SPLIT_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "err.h"

/* Bytes that belong to somebody else. */
struct view {
    const uint8_t *data;
    size_t len; /* bytes */
};

struct wire_reader {
    const uint8_t *at;
    size_t left; /* bytes */
    enum err err;
};

/*
 * Contracts for tests/proof. Whoever calls a reader gets back: the end stays where it is, the view
 * lies between where the reader was and that end, and after an error nothing moves.
 */
/*@
  predicate view_valid(struct view v) = \valid_read(v.data + (0 .. v.len - 1));

  predicate view_in(struct view v, uint8_t *data, integer len) =
    v.len == 0 ||
    (v.data == data + (v.data - data) && 0 <= v.data - data <= len - v.len);

  predicate reader_valid(struct wire_reader *r) =
    \valid(r) && \valid_read(r->at + (0 .. r->left - 1)) &&
    \separated(r, r->at + (0 .. r->left - 1));

  predicate reader_moved{Before, After}(struct wire_reader *r) =
    \at(r->left, After) <= \at(r->left, Before) &&
    \at(r->at, After) == \at(r->at, Before) + (\at(r->left, Before) - \at(r->left, After)) &&
    (\at(r->err, Before) != OK ==>
       \at(r->err, After) == \at(r->err, Before) && \at(r->left, After) == \at(r->left, Before));
*/

/*@
  requires \valid_read((uint8_t *)data + (0 .. len - 1));
  assigns \nothing;
  ensures \result.at == (uint8_t *)data && \result.left == len && \result.err == OK;
*/
/* Reads from len bytes at data, which the caller keeps for as long as the views are used. */
static inline struct wire_reader wire_reader(const void *data, size_t len)
{
    return (struct wire_reader){.at = data, .left = len, .err = OK};
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_valid(\result) && view_in(\result, \old(r->at), \old(r->left));
  ensures r->err == OK <==> \old(r->err) == OK && n <= \old(r->left);
  ensures r->err == OK ==> \result.len == n && r->left == \old(r->left) - n;
  ensures r->err != OK ==> \result.len == 0;
*/
/* The next n bytes as they are; an empty view after an error. */
static inline struct view wire_bytes(struct wire_reader *r, size_t n)
{
    struct view v = {.data = r->at, .len = 0};

    if (r->err == OK && n > r->left) {
        r->err = ERR_MALFORMED;
    }
    if (r->err == OK) {
        v.len = n;
        r->at += n;
        r->left -= n;
    }
    return v;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_valid(\result) && view_in(\result, \old(r->at), \old(r->left));
  ensures \old(r->err) == OK ==> r->err == OK && \result.len == \old(r->left) && r->left == 0;
  ensures r->err != OK ==> \result.len == 0;
*/
/* All that is left. */
static inline struct view wire_rest(struct wire_reader *r)
{
    return wire_bytes(r, r->left);
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures r->err != OK ==> \result == 0;
*/
/* byte; 0 after an error. */
static inline uint8_t wire_u8(struct wire_reader *r)
{
    struct view v = wire_bytes(r, 1);

    return v.len == 1 ? v.data[0] : 0;
}

/*@
  requires \valid_read(p + (0 .. 3));
  assigns \nothing;
*/
static inline uint32_t load_u32(const uint8_t p[4])
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

/*@
  requires \valid(p + (0 .. 3));
  assigns p[0 .. 3];
*/
static inline void store_u32(uint8_t p[4], uint32_t n)
{
    p[0] = (uint8_t)(n >> 24);
    p[1] = (uint8_t)(n >> 16);
    p[2] = (uint8_t)(n >> 8);
    p[3] = (uint8_t)n;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures r->err == OK ==> r->left == \old(r->left) - 4;
  ensures r->err != OK ==> \result == 0;
*/
/* uint32; 0 after an error. */
static inline uint32_t wire_u32(struct wire_reader *r)
{
    struct view v = wire_bytes(r, 4);

    return v.len == 4 ? load_u32(v.data) : 0;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures r->err != OK ==> \result == 0;
*/
/* uint64; 0 after an error. */
static inline uint64_t wire_u64(struct wire_reader *r)
{
    uint64_t high = wire_u32(r);
    uint64_t low = wire_u32(r);

    return r->err == OK ? high << 32 | low : 0;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
*/
/* boolean: RFC 4251 takes every value but 0 as true. */
static inline bool wire_bool(struct wire_reader *r)
{
    return wire_u8(r) != 0;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_valid(\result) && view_in(\result, \old(r->at), \old(r->left));
  ensures \result.len <= max;
  ensures r->err == OK ==> r->left == \old(r->left) - 4 - \result.len;
  ensures r->err != OK ==> \result.len == 0;
*/
/* string of at most max bytes: longer is ERR_TOO_BIG, past the end ERR_MALFORMED. */
static inline struct view wire_string(struct wire_reader *r, size_t max)
{
    uint32_t n = wire_u32(r);

    if (r->err == OK && n <= r->left && n > max) {
        r->err = ERR_TOO_BIG;
    }
    return wire_bytes(r, n);
}

/*@
  requires reader_valid(r) && \valid(ret) && \separated(r, ret);
  requires \separated(ret, r->at + (0 .. r->left - 1));
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err, *ret;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures \result ==> view_valid(*ret) && view_in(*ret, \old(r->at), \old(r->left));
  ensures \result ==> ret->len <= max && r->left < \old(r->left);
  ensures !\result ==> *ret == \old(*ret) && (r->err != OK || r->left == 0);
*/
/*
 * For strings of at most max bytes, one after the other, until the end. False: there is none, or it
 * was an error, as wire_string()'s.
 */
static inline bool wire_next_string(struct wire_reader *r, size_t max, struct view *ret)
{
    struct view v;

    if (r->err != OK || r->left == 0) {
        return false;
    }
    v = wire_string(r, max);
    if (r->err != OK) {
        return false;
    }
    *ret = v;
    return true;
}

/*@
  requires reader_valid(r);
  assigns r->at \from r->at, r->left;
  assigns r->left, r->err;
  ensures reader_valid(r) && reader_moved{Pre, Post}(r);
  ensures view_valid(\result) && view_in(\result, \old(r->at), \old(r->left));
  ensures \result.len <= max;
  ensures r->err != OK ==> \result.len == 0;
  ensures \result.len > 0 ==> \result.data[0] != 0;
*/
/*
 * mpint that is not negative and at most max bytes long, without its leading zero byte. Not the
 * shortest form (a needless zero byte) and negative numbers are ERR_MALFORMED.
 */
static inline struct view wire_mpint(struct wire_reader *r, size_t max)
{
    struct view v = wire_string(r, max);

    if (v.len > 0 && (v.data[0] & 0x80) != 0) {
        r->err = ERR_MALFORMED;
    } else if (v.len > 0 && v.data[0] == 0) {
        if (v.len == 1 || (v.data[1] & 0x80) == 0) {
            r->err = ERR_MALFORMED;
        }
        v.data++;
        v.len--;
    }
    if (r->err != OK) {
        v.len = 0;
    }
    return v;
}

/*@
  requires \valid_read(r);
  assigns \nothing;
  ensures \result == OK <==> r->err == OK && r->left == 0;
  ensures r->err != OK ==> \result == r->err;
*/
/* OK only if everything was read and nothing is left over: the one check of a decoder. */
static inline enum err must_check wire_end(const struct wire_reader *r)
{
    if (r->err != OK) {
        return r->err;
    }
    return r->left == 0 ? OK : ERR_MALFORMED;
}

/*@
  requires view_valid(v) && text_valid(text);
  assigns \nothing;
*/
static inline bool view_is(struct view v, const char *text)
{
    return v.len == strlen(text) && (v.len == 0 || memcmp(v.data, text, v.len) == 0);
}

/*@
  requires view_valid(a) && view_valid(b);
  assigns \nothing;
*/
static inline bool view_equal(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct wire_writer {
    uint8_t *data;
    size_t cap; /* bytes */
    size_t len; /* bytes written */
    enum err err;
};

/*@
  predicate writer_valid(struct wire_writer *w) =
    \valid(w) && w->len <= w->cap && \valid(w->data + (0 .. w->cap - 1)) &&
    \separated(w, w->data + (0 .. w->cap - 1));

  predicate writer_took{Before, After}(struct wire_writer *w) =
    \at(w->data, After) == \at(w->data, Before) && \at(w->cap, After) == \at(w->cap, Before) &&
    \at(w->len, After) >= \at(w->len, Before) &&
    (\at(w->err, Before) != OK ==>
       \at(w->err, After) != OK && \at(w->len, After) == \at(w->len, Before));

  predicate view_apart(struct wire_writer *w, struct view v) =
    view_valid(v) && \separated(w, v.data + (0 .. v.len - 1)) &&
    \separated(w->data + (0 .. w->cap - 1), v.data + (0 .. v.len - 1));

  predicate text_apart(struct wire_writer *w, char *text) =
    text_constant(text) ||
    \exists integer n; 0 <= n && \valid_read(text + (0 .. n)) && text[n] == 0 &&
      \separated(w, (uint8_t *)text + (0 .. n)) &&
      \separated(w->data + (0 .. w->cap - 1), (uint8_t *)text + (0 .. n));
*/

/*@
  requires \valid((uint8_t *)data + (0 .. cap - 1));
  assigns \nothing;
  ensures \result.data == (uint8_t *)data && \result.cap == cap;
  ensures \result.len == 0 && \result.err == OK;
*/
/* Writes into cap bytes at data, which stay the caller's. */
static inline struct wire_writer wire_writer(void *data, size_t cap)
{
    return (struct wire_writer){.data = data, .cap = cap, .len = 0, .err = OK};
}

/*@
  requires writer_valid(w);
  requires \valid_read((uint8_t *)data + (0 .. n - 1));
  requires \separated(w, (uint8_t *)data + (0 .. n - 1));
  requires \separated(w->data + (0 .. w->cap - 1), (uint8_t *)data + (0 .. n - 1));
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
  ensures w->err == OK ==> w->len == \old(w->len) + n;
*/
/* n bytes as they are; ERR_TOO_BIG sticks when they do not fit, and nothing more is written. */
static inline void put_bytes(struct wire_writer *w, const void *data, size_t n)
{
    if (w->err != OK || n > w->cap - w->len) {
        w->err = ERR_TOO_BIG;
        return;
    }
    if (n > 0) {
        memcpy(w->data + w->len, data, n);
    }
    w->len += n;
}

/*@
  requires writer_valid(w);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
static inline void put_u8(struct wire_writer *w, uint8_t n)
{
    put_bytes(w, &n, 1);
}

/*@
  requires writer_valid(w);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
static inline void put_u32(struct wire_writer *w, uint32_t n)
{
    uint8_t bytes[4];

    store_u32(bytes, n);
    put_bytes(w, bytes, sizeof bytes);
}

/*@
  requires writer_valid(w);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
static inline void put_u64(struct wire_writer *w, uint64_t n)
{
    put_u32(w, (uint32_t)(n >> 32));
    put_u32(w, (uint32_t)n);
}

/*@
  requires writer_valid(w) && view_apart(w, v);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
static inline void put_string(struct wire_writer *w, struct view v)
{
    if (v.len > UINT32_MAX) {
        w->err = ERR_TOO_BIG;
        return;
    }
    put_u32(w, (uint32_t)v.len);
    put_bytes(w, v.data, v.len);
}

/*@
  requires writer_valid(w) && text_apart(w, text);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
static inline void put_text(struct wire_writer *w, const char *text)
{
    put_string(w, (struct view){.data = (const uint8_t *)text, .len = strlen(text)});
}

/*@
  requires writer_valid(w) && view_apart(w, v);
  assigns *w, w->data[0 .. w->cap - 1];
  ensures writer_valid(w) && writer_took{Pre, Post}(w);
*/
/* mpint from a big-endian number without sign; leading zero bytes are dropped. */
static inline void put_mpint(struct wire_writer *w, struct view v)
{
    /*@
      loop invariant view_apart(w, v);
      loop assigns v;
      loop variant v.len;
    */
    while (v.len > 0 && v.data[0] == 0) {
        v.data++;
        v.len--;
    }
    if (v.len >= UINT32_MAX) {
        w->err = ERR_TOO_BIG;
        return;
    }
    if (v.len > 0 && (v.data[0] & 0x80) != 0) {
        put_u32(w, (uint32_t)v.len + 1);
        put_u8(w, 0);
    } else {
        put_u32(w, (uint32_t)v.len);
    }
    put_bytes(w, v.data, v.len);
}

/*@
  requires writer_valid(w);
  assigns \nothing;
  ensures \result.data == w->data && \result.len == w->len && view_valid(\result);
*/
static inline struct view wire_written(const struct wire_writer *w)
{
    return (struct view){.data = w->data, .len = w->len};
}

#endif
