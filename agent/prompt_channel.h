/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PROMPT_CHANNEL_H
#define AGENT_PROMPT_CHANNEL_H

#include "prompt_ipc.h"
#include "wire.h"

/* The prompt's process, and the frames to and from it; what is in them is prompt_client.c's. */
struct prompt_channel_events {
    /*
     * A whole frame, after its type byte. Owns fd, which is -1 for none. Other errors than OK are
     * the prompt's end.
     */
    enum err (*on_message)(uint8_t type, struct wire_reader *r, int fd);
    void (*on_end)(void); /* once */
};

/*
 * Runs the prompt, with side_fd as its end of the side channel. ERR_SYSTEM after the reason was
 * reported. events are the caller's and stay.
 */
enum err must_check prompt_channel_start(bool foreground, int side_fd,
                                         const struct prompt_channel_events *events);

/* Before prompt_watch(): waits once for something to do, and does it. False: nothing in time. */
bool must_check prompt_channel_wait(int timeout_ms);

/* From now on the loop looks after it. ERR_SYSTEM. */
enum err must_check prompt_watch(void);

/* False: the prompt has ended, and every question is answered with no. */
bool prompt_is_alive(void);

/* The descriptor of the socket, for the sandbox. */
int prompt_socket(void);

/* How many bubbles are not sent yet. */
unsigned prompt_tells_waiting(void);

/*
 * Room for a frame with cap bytes after its type; *ret_w writes them. NULL: no memory, and nothing
 * can be written.
 */
struct prompt_frame;
struct prompt_frame *prompt_frame_new(enum prompt_message type, size_t cap,
                                      struct wire_writer *ret_w);

/* Queues what was written, and owns the frame. False: the prompt has ended, or it did not fit. */
bool prompt_frame_send(struct prompt_frame *frame, const struct wire_writer *w);

/* Closes the socket, which is the prompt's end, and waits a second for it. */
void prompt_stop(void);

#endif
