/* SPDX-License-Identifier: BSD-2-Clause */
#include "stack.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "registers.h"
#include "secret.h"

#if defined(__SANITIZE_ADDRESS__)
#define STACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_ASAN 1
#endif
#endif

#ifdef STACK_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_SIZE ((size_t)256 * 1024) /* red zones around each variable */
#else
/*
 * libcrypto 3.0 uses 17 KiB at most (RSA-2048 on AVX-512), our own functions 5. The
 * guard below ends what uses all.
 */
#define STACK_SIZE ((size_t)32 * 1024)
#endif

#define WIPE_BLOCK ((size_t)256)
#define WIPE_GAP   ((size_t)16 * 1024)

static struct {
    uint8_t *bottom;
    ucontext_t caller;
    ucontext_t inside;
    void (*work)(void *argument);
    void *argument;
} stack;

enum err stack_init(void)
{
    stack.bottom = secret_alloc_guarded(STACK_SIZE);
    if (stack.bottom == NULL || getcontext(&stack.inside) != 0) {
        return ERR_NO_MEMORY;
    }
    return OK;
}

/* makecontext() passes ints alone, so what is to be done stands in the struct. */
static void enter(void)
{
#ifdef STACK_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(NULL, &bottom, &size);
#endif
    stack.work(stack.argument);
#ifdef STACK_ASAN
    __sanitizer_start_switch_fiber(NULL, bottom, size);
#endif
}

/*
 * From the top down as far as anything was written: past WIPE_GAP bytes of zeros there is nothing,
 * since no function that runs here has a variable as large as that. To wipe all of it would throw
 * the libraries' tables out of the processor's cache, request after request.
 */
static void wipe(void)
{
    static const uint8_t zeros[WIPE_BLOCK];
    size_t end = STACK_SIZE;
    size_t gap = 0;

    while (end > 0 && gap < WIPE_GAP) {
        end -= WIPE_BLOCK;
        if (memcmp(stack.bottom + end, zeros, WIPE_BLOCK) == 0) {
            gap += WIPE_BLOCK;
        } else {
            sodium_memzero(stack.bottom + end, WIPE_BLOCK);
            gap = 0;
        }
    }
}

void stack_run(void (*work)(void *argument), void *argument)
{
#ifdef STACK_ASAN
    void *fake = NULL;
#endif

    stack.work = work;
    stack.argument = argument;
    stack.inside.uc_stack.ss_sp = stack.bottom;
    stack.inside.uc_stack.ss_size = STACK_SIZE;
    stack.inside.uc_link = &stack.caller;
    makecontext(&stack.inside, enter, 0);
#ifdef STACK_ASAN
    __sanitizer_start_switch_fiber(&fake, stack.bottom, STACK_SIZE);
#endif
    if (swapcontext(&stack.caller, &stack.inside) != 0) {
        abort();
    }
#ifdef STACK_ASAN
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
    ASAN_UNPOISON_MEMORY_REGION(stack.bottom, STACK_SIZE);
#endif
    wipe();
    registers_clear();
}
