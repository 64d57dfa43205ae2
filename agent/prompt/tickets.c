/* SPDX-License-Identifier: BSD-2-Clause */
#include "tickets.h"

#include <string.h>

uint64_t tickets_next(const struct tickets *t)
{
    return t->last + 1;
}

static void remove_at(struct tickets *t, size_t i)
{
    t->count--;
    memmove(&t->open[i], &t->open[i + 1], (t->count - i) * sizeof t->open[0]);
}

void tickets_open(struct tickets *t, enum ticket_kind kind)
{
    if (t->count == TICKETS_MAX) {
        remove_at(t, 0);
    }
    t->last++;
    t->open[t->count].number = t->last;
    t->open[t->count].kind = kind;
    t->open[t->count].taken = false;
    t->count++;
}

enum err tickets_take(struct tickets *t, uint64_t number)
{
    if (number == 0 || number > t->last) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (t->open[i].number == number) {
            t->open[i].taken = true;
        }
    }
    return OK;
}

size_t tickets_ahead(const struct tickets *t)
{
    size_t ahead = 0;

    for (size_t i = 0; i < t->count; i++) {
        ahead += t->open[i].kind == TICKET_KEY && !t->open[i].taken;
    }
    return ahead;
}

bool tickets_to_drop(const struct tickets *t, uint64_t *ret)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->open[i].taken) {
            *ret = t->open[i].number;
            return true;
        }
    }
    return false;
}

void tickets_forget(struct tickets *t, uint64_t number)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->open[i].number == number) {
            remove_at(t, i);
            return;
        }
    }
}
