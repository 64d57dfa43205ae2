/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_CHANNEL_H
#define PROMPT_CHANNEL_H

#include "limits.h"
#include "wire.h"

/* A frame on its way to the agent: `uint32 length, byte type, body` in one block of the heap. */
struct frame {
    struct frame *next;
    size_t len;  /* bytes of it, with the length word */
    size_t sent; /* bytes */
    int fd;      /* a descriptor that goes with the first byte, and is closed then; or -1 */
    uint8_t bytes[];
};

/* The socket to the agent (prompt_ipc.h), which is never waited for. */
struct channel {
    int fd;
    uint8_t in[4 + PROMPT_ASK_MAX];
    size_t start;  /* where what was not given out begins */
    size_t have;   /* bytes from there on */
    size_t queued; /* frames */
    struct frame *first, *last;
};

/* Room for a frame with cap bytes after its length; *ret_writer writes type and body. NULL: none.
 */
struct frame *frame_new(size_t cap, struct wire_writer *ret_writer);

/*
 * Queues what was written and owns the frame from then on. ERR_TOO_BIG: it did not fit (and is
 * freed).
 */
enum err must_check channel_queue(struct channel *c, struct frame *frame,
                                  const struct wire_writer *writer);

/* Of a frame that is not queued: frees it, and closes its descriptor. NULL is fine. */
void frame_free(struct frame *frame);

/* Sends what the socket takes of the queue. ERR_SYSTEM: it failed; errno says why. */
enum err must_check channel_flush(struct channel *c);

/* Is all sent? */
bool channel_is_idle(const struct channel *c);

/* Or is so much queued that nothing should be done that has an answer? */
bool channel_is_full(const struct channel *c);

/*
 * Reads once. *ret_end: the agent has closed its end. ERR_SYSTEM: errno says why. Not to be called
 * while a whole frame is there.
 */
enum err must_check channel_receive(struct channel *c, bool *ret_end);

/*
 * *ret is the next whole frame, type and body, until more is received; its len is 0 if there is
 * none yet. ERR_TOO_BIG, ERR_MALFORMED: its length is not one.
 */
enum err must_check channel_next(struct channel *c, struct view *ret);

#endif
