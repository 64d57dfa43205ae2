/* SPDX-License-Identifier: BSD-2-Clause */
#include "bubbles.h"

#include <errno.h>
#include <stdio.h>

#include "child_run.h"
#include "log.h"
#include "text.h"

#define TITLE "SSH agent"

static struct bubble *free_place(struct bubbles *b, uint64_t now)
{
    for (size_t i = 0; i < BUBBLES_MAX; i++) {
        if (b->places[i].pid == 0 && b->places[i].free_at <= now) {
            return &b->places[i];
        }
    }
    return NULL;
}

static void show(const struct bubbles *b, struct bubble *place, const char *text, uint64_t now)
{
    uint8_t input[CHILD_INPUT_MAX];
    struct wire_writer w = wire_writer(input, sizeof input);
    char line[PROMPT_TEXT_MAX + sizeof b->vault + 4];
    enum err err;
    pid_t pid;

    snprintf(line, sizeof line, b->vault[0] != '\0' ? "[%s] %s" : "%s%s", b->vault, text);
    put_text(&w, TITLE);
    put_text(&w, line);
    place->free_at = now + BUBBLES_MS;
    err = w.err == OK ? child_run(b->program, CHILD_TELL, wire_written(&w), &pid) : w.err;
    if (err != OK) {
        log_line("cannot show a bubble: %s", err == ERR_SYSTEM ? strerror(errno) : err_text(err));
        return;
    }
    place->pid = pid;
    place->deadline = now + BUBBLE_TIMEOUT_MS;
}

void bubbles_tell(struct bubbles *b, struct view text, uint64_t now)
{
    /* What was missed comes first, so that a flood has one bubble for many, not one each. */
    struct bubble *place = b->missed == 0 ? free_place(b, now) : NULL;
    char plain[PROMPT_TEXT_MAX + 1];

    if (place == NULL) {
        b->missed++;
        return;
    }
    plain_text(text, plain, sizeof plain);
    show(b, place, plain, now);
}

static void attend(struct bubble *place, uint64_t now)
{
    int status;

    if (place->pid == 0) {
        return;
    }
    if (child_ended(place->pid, &status)) {
        place->pid = 0;
    } else if (place->deadline <= now) {
        log_line("a bubble takes too long; ending it");
        child_kill(place->pid);
        place->deadline = UINT64_MAX;
    }
}

void bubbles_go_on(struct bubbles *b, uint64_t now)
{
    struct bubble *place;
    char text[64];

    for (size_t i = 0; i < BUBBLES_MAX; i++) {
        attend(&b->places[i], now);
    }
    place = b->missed > 0 ? free_place(b, now) : NULL;
    if (place != NULL) {
        snprintf(text, sizeof text, "and %zu more", b->missed);
        b->missed = 0;
        show(b, place, text, now);
    }
}

uint64_t bubbles_deadline(const struct bubbles *b)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < BUBBLES_MAX; i++) {
        const struct bubble *place = &b->places[i];
        uint64_t at = place->pid != 0 ? place->deadline
                      : b->missed > 0 ? place->free_at
                                      : UINT64_MAX;

        first = at < first ? at : first;
    }
    return first;
}
