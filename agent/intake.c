/* SPDX-License-Identifier: BSD-2-Clause */
#include "intake.h"

#include <sodium.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "limits.h"

static uint8_t *memory;
static bool in_use[INTAKE_BUFFERS];

enum err intake_init(void)
{
    const size_t size = (size_t)INTAKE_BUFFERS * FRAME_MAX + INTAKE_SCRAP;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    /* On fault: a page that no frame ever reached takes no memory. */
    if (mlock2(map, size, MLOCK_ONFAULT) != 0 || madvise(map, size, MADV_DONTDUMP) != 0 ||
        madvise(map, size, MADV_WIPEONFORK) != 0) {
        munmap(map, size);
        return ERR_NO_MEMORY;
    }
    memory = map;
    return OK;
}

uint8_t *intake_take(void)
{
    for (size_t i = 0; i < INTAKE_BUFFERS; i++) {
        if (!in_use[i]) {
            in_use[i] = true;
            return memory + i * FRAME_MAX;
        }
    }
    return NULL;
}

void intake_give(uint8_t *buffer, size_t used)
{
    sodium_memzero(buffer, used);
    in_use[(size_t)(buffer - memory) / FRAME_MAX] = false;
}

uint8_t *intake_scrap(void)
{
    return memory + (size_t)INTAKE_BUFFERS * FRAME_MAX;
}
