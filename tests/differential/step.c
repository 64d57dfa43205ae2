/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "differential.h"

#define STEPS_MIN   30U
#define STEPS_MAX   80U
#define START_STEPS (KEYS_OF_SCENE + 4U)
#define STEP_SIZE   (FRAMES_MAX * (4U + FRAME_MAX) + 64U)

size_t frame_length(struct view bytes)
{
    size_t len = bytes.len >= 4 ? load_u32(bytes.data) : 0;

    return len > 0 && len <= FRAME_MAX && len <= bytes.len - 4 ? 4 + len : 0;
}

/* One frame behind what is there. */
static void put_frame(struct scene *scene, unsigned connection, bool alone, struct wire_writer *w)
{
    uint8_t *start = w->data + w->len;
    struct wire_writer body;

    /*
     * Not in a row with others: OpenSSH's agent can end at a lock, without the answers that it
     * owes; and a key that one of the two has not is made even only behind the row.
     */
    do {
        body = wire_writer(start + 4, FRAME_MAX);
        put_request(scene, connection, &body);
    } while (!alone && (body.data[0] == MSG_LOCK || body.data[0] == MSG_UNLOCK ||
                        body.data[0] == MSG_ADD_CONSTRAINED));
    if (body.err != OK || w->cap - w->len < 4 + FRAME_MAX) {
        die("a request does not fit into a frame");
    }
    scene->locked = scene->locked || body.data[0] == MSG_LOCK;
    if (alone && random_chance(scene->random, 14)) {
        damage(scene->random, body.data, &body.len, body.cap);
    }
    store_u32(start, (uint32_t)body.len);
    w->len += 4 + body.len;
}

/* A length word that is not that of what follows. */
static void change_length(struct random *random, struct wire_writer *w)
{
    uint32_t len = load_u32(w->data);
    const uint32_t values[] = {
        0,         len - 1,    len + 1,        len + 100,
        FRAME_MAX, UINT32_MAX, FRAME_MAX + 1U, random_below(random, len + 1)};

    store_u32(w->data, values[random_below(random, sizeof values / sizeof values[0])]);
}

/* With the passphrase that most locks have (request.c). */
static void put_unlock(struct wire_writer *w)
{
    struct wire_writer body = wire_writer(w->data + 4, FRAME_MAX);

    put_u8(&body, MSG_UNLOCK);
    put_text(&body, "passphrase");
    store_u32(w->data, (uint32_t)body.len);
    w->len = 4 + body.len;
}

static struct step make_step(struct scene *scene, struct wire_writer *w)
{
    struct random *random = scene->random;
    struct step step = {.kind = STEP_SEND, .connection = random_below(random, CONNECTIONS)};
    unsigned frames = random_chance(random, 8) ? 2 + random_below(random, FRAMES_MAX - 1) : 1;

    if (random_chance(random, 4)) {
        step.kind = STEP_CLOSE;
        scene->last[step.connection].bound = false;
        return step;
    }
    if (scene->locked && random_chance(random, 20)) {
        put_unlock(w);
        scene->locked = false;
        return step;
    }
    for (unsigned i = 0; i < frames; i++) {
        put_frame(scene, step.connection, frames == 1, w);
    }
    if (frames == 1 && random_chance(random, 2)) {
        change_length(random, w);
    } else if (frames == 1 && random_chance(random, scene->locked ? 25 : 5)) {
        step.kind = STEP_HOLD;
    }
    if (random_chance(random, 15)) {
        step.cut = 1 + random_below(random, w->len < 2000 ? 40 : 30000);
        step.cut = w->len / step.cut > 200 ? w->len / 200 : step.cut;
    }
    return step;
}

/*
 * How each sequence begins, so that the rest has something to be about: three keys, the first of
 * them perhaps for some hosts alone; a session that is bound; logins in it.
 */
static struct step make_start(struct scene *scene, size_t i, struct wire_writer *w)
{
    struct wire_writer body = wire_writer(w->data + 4, FRAME_MAX);

    if (i < KEYS_OF_SCENE) {
        put_sound_add(scene, scene->keys[i], i == 0 && random_chance(scene->random, 60), &body);
    } else if (i == KEYS_OF_SCENE) {
        put_bind(scene, 0, &body);
    } else {
        put_sign_with(scene, 0, pool_get(scene->keys[0])->blob, &body);
    }
    store_u32(w->data, (uint32_t)body.len);
    w->len = 4 + body.len;
    return (struct step){.kind = STEP_SEND};
}

static void keep_bytes(struct step *step, const struct wire_writer *w)
{
    step->len = w->len;
    step->bytes = malloc(w->len + 1);
    if (step->bytes == NULL) {
        die("out of memory");
    }
    memcpy(step->bytes, w->data, w->len);
}

void steps_make(uint64_t seed, struct steps *ret)
{
    static uint8_t scratch[STEP_SIZE];
    struct random random = {.state = seed};
    struct scene scene = {.random = &random};

    ret->askpass_exit = random_below(&random, 2);
    ret->count = STEPS_MIN + random_below(&random, STEPS_MAX - STEPS_MIN);
    ret->list = calloc(ret->count, sizeof *ret->list);
    if (ret->list == NULL) {
        die("out of memory");
    }
    scene.host = random_below(&random, HOSTS);
    for (size_t i = 0; i < KEYS_OF_SCENE; i++) {
        scene.keys[i] = (enum key_name)random_below(&random, KEY_RSA_SHORT);
    }
    for (size_t i = 0; i < sizeof scene.sessions / sizeof scene.sessions[0]; i++) {
        random_fill(&random, scene.sessions[i], sizeof scene.sessions[i]);
    }
    for (size_t i = 0; i < ret->count; i++) {
        struct wire_writer w = wire_writer(scratch, sizeof scratch);

        ret->list[i] = i < START_STEPS && random_chance(&random, 90) ? make_start(&scene, i, &w)
                                                                     : make_step(&scene, &w);
        keep_bytes(&ret->list[i], &w);
    }
}

void steps_free(struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        free(steps->list[i].bytes);
    }
    free(steps->list);
    *steps = (struct steps){0};
}
