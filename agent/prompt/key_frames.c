/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_frames.h"

#include <unistd.h>

#include "log.h"
#include "prompt_ipc.h"

#define FIXED_FIELDS 64U /* bytes of a message without its texts */

static struct view cut_text(const char *text, size_t max)
{
    return (struct view){(const uint8_t *)text, strnlen(text, max)};
}

enum err key_frames_agent(struct channel *c, const char *agent, int fd)
{
    struct wire_writer w;
    struct frame *frame = frame_new(FIXED_FIELDS + AGENT_NAME_MAX, &w);

    if (frame == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return ERR_NO_MEMORY;
    }
    frame->fd = fd;
    put_u8(&w, PROMPT_AGENT);
    put_text(&w, agent);
    return channel_queue(c, frame, &w);
}

struct frame *key_frames_key(uint64_t ticket, const char *agent, const char *path,
                             const struct key_options *options, struct wire_writer *ret_writer)
{
    size_t size = FIXED_FIELDS + AGENT_NAME_MAX + strlen(path);
    struct wire_writer *w = ret_writer;
    struct frame *frame;

    for (size_t i = 0; i < options->hops; i++) {
        size += 4 + options->hop[i].len;
    }
    frame = frame_new(size, w);
    if (frame == NULL) {
        return NULL;
    }
    put_u8(w, PROMPT_KEY);
    put_u64(w, ticket);
    put_text(w, agent);
    put_text(w, path);
    put_u32(w, (uint32_t)options->hops);
    for (size_t i = 0; i < options->hops; i++) {
        put_string(w, options->hop[i]);
    }
    return frame;
}

void key_frames_problem(struct channel *c, const char *agent, const char *path, const char *why)
{
    struct wire_writer w;
    struct frame *frame =
        frame_new(FIXED_FIELDS + AGENT_NAME_MAX + PROMPT_PATH_MAX + PROMPT_TEXT_MAX, &w);
    enum err err = ERR_NO_MEMORY;

    if (frame != NULL) {
        put_u8(&w, PROMPT_KEY_PROBLEM);
        put_text(&w, agent);
        put_string(&w, cut_text(path, PROMPT_PATH_MAX));
        put_string(&w, cut_text(why, PROMPT_TEXT_MAX));
        err = channel_queue(c, frame, &w);
    }
    if (err != OK) {
        log_line("a key file: %s (and this cannot be told to the agent: %s)", why, err_text(err));
    }
}

enum err key_frames_end(struct channel *c, bool all, const char *agent)
{
    struct wire_writer w;
    struct frame *frame = frame_new(FIXED_FIELDS + AGENT_NAME_MAX, &w);

    if (frame == NULL) {
        return ERR_NO_MEMORY;
    }
    put_u8(&w, PROMPT_KEYS_END);
    put_u8(&w, all);
    put_text(&w, agent);
    return channel_queue(c, frame, &w);
}
