/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of the arena and its stack, for comparison alone: keystore/secret.h and stack.h with
 * malloc(3), and on the stack that there is. Keys in such a program are open to every look.
 */
#include <malloc.h>
#include <stdlib.h>

#include "secret.h"
#include "stack.h"

enum err secret_init(void)
{
    return OK;
}

void *secret_alloc(size_t n)
{
    return malloc(n > 0 ? n : 1);
}

void *secret_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

void secret_free(void *p)
{
    free(p);
}

bool secret_has_room(size_t n)
{
    (void)n;
    return true;
}

size_t secret_size(const void *p)
{
    return malloc_usable_size((void *)p);
}

void secret_info(struct secret_info *ret)
{
    *ret = (struct secret_info){.kind = SECRET_MEMFD};
}

void secret_wipe_all(void)
{
}

enum err stack_init(void)
{
    return OK;
}

void stack_run(void (*work)(void *argument), void *argument)
{
    work(argument);
}
