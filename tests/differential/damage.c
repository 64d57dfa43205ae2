/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

/* A word that could be a length gets another value. */
static void change_word(struct random *random, uint8_t *body, size_t len)
{
    size_t at = random_below(random, (uint32_t)len - 3);
    uint32_t word = load_u32(body + at);
    const uint32_t values[] = {0, word + 1, word - 1, UINT32_MAX, 0x80000000U, FRAME_MAX + 1};

    store_u32(body + at, values[random_below(random, sizeof values / sizeof values[0])]);
}

void damage(struct random *random, uint8_t *body, size_t *len, size_t cap)
{
    size_t more = 1 + random_below(random, 8);
    size_t at = random_below(random, (uint32_t)*len);

    switch (random_below(random, 6)) {
    case 0:
        body[at] ^= (uint8_t)(1U << random_below(random, 8));
        return;
    case 1:
        body[at] = (uint8_t)random_next(random);
        return;
    case 2: /* never without the type byte: that is a frame of its own (step.c) */
        *len = at > 0 ? at : 1;
        return;
    case 3:
        if (more <= cap - *len) {
            random_fill(random, body + *len, more);
            *len += more;
        }
        return;
    case 4:
        if (*len >= 4) {
            change_word(random, body, *len);
        }
        return;
    default: /* some bytes from the middle are gone */
        more = more < *len - at ? more : *len - at;
        more = at == 0 ? 0 : more;
        memmove(body + at, body + at + more, *len - at - more);
        *len -= more;
    }
}
