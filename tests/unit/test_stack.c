/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/stack.c and registers.c: work is done on memory of the arena, of which nothing is left.
 */
#include "stack.h"

#include <stdlib.h>

#include "registers.h"
#include "secret_arena.h"
#include "unit.h"

#define PATTERN 0xa5
#define USED    4096U /* bytes that the work writes to its stack */

static int start(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), OK);
    assert_int_equal(stack_init(), OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    secret_wipe_all();
    return 0;
}

struct work {
    uint8_t *local; /* where it had its variable */
    unsigned runs;
    bool was_filled;
};

static void fill(void *argument)
{
    volatile uint8_t local[USED];
    struct work *work = argument;

    for (size_t i = 0; i < USED; i++) {
        local[i] = PATTERN;
    }
    work->was_filled = local[USED / 2] == PATTERN;
    work->local = (uint8_t *)local;
    work->runs++;
}

/* As far as the arena can be told from here: what it gives out lies near, our own stack does not.
 */
static bool in_arena(const void *p)
{
    struct secret_info info;
    uint8_t *block = secret_alloc(1);
    uintptr_t there = (uintptr_t)p;
    uintptr_t here = (uintptr_t)block;

    assert_non_null(block);
    secret_info(&info);
    secret_free(block);
    return (here > there ? here - there : there - here) < 2 * info.cap;
}

static void test_runs_in_the_arena(void **state)
{
    struct work work = {0};

    (void)state;
    stack_run(fill, &work);
    assert_int_equal(work.runs, 1);
    assert_true(work.was_filled);
    assert_true(in_arena(work.local));
    assert_false(in_arena(&work));
}

static void test_is_wiped(void **state)
{
    struct work work = {0};

    (void)state;
    for (unsigned i = 1; i <= 100; i++) {
        stack_run(fill, &work);
        assert_int_equal(work.runs, i);
        assert_true(is_zero(work.local, USED));
    }
}

/* From the end on, as a stack is used; the first byte past it has to fault. */
static void use_too_much(void *argument)
{
    volatile uint8_t local[1024 * 1024];

    for (size_t i = sizeof local; i > 0; i--) {
        local[i - 1] = PATTERN;
    }
    *(uint8_t *)argument = local[0];
}

static void run_over(const void *arg)
{
    uint8_t result;

    (void)arg;
    stack_run(use_too_much, &result);
}

static void test_overrun_faults(void **state)
{
    struct child_end end;

    (void)state;
    in_child(run_over, NULL, &end);
    assert_true(WIFSIGNALED(end.status));
    assert_true(WTERMSIG(end.status) == SIGSEGV || WTERMSIG(end.status) == SIGBUS);
}

#ifdef __x86_64__
#define EACH_LOW(f)                                                                                \
    f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define EACH_HIGH(f)                                                                               \
    f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23) f(24) f(25) f(26) f(27) f(28) f(29) f(30) f(31)
#define LOAD_X(n) __asm__ volatile("movdqu (%0), %%xmm" #n ::"r"(filled) : "memory");
#define STORE_X(n)                                                                                 \
    __asm__ volatile("movdqu %%xmm" #n ", (%0)" ::"r"(&found[(size_t)16 * (n)]) : "memory");
#define LOAD_Y(n) __asm__ volatile("vmovdqu (%0), %%ymm" #n ::"r"(filled) : "memory");
#define STORE_Y(n)                                                                                 \
    __asm__ volatile("vmovdqu %%ymm" #n ", (%0)" ::"r"(&found[(size_t)32 * (n)]) : "memory");
#define LOAD_Z(n) __asm__ volatile("vmovdqu64 (%0), %%zmm" #n ::"r"(filled) : "memory");
#define STORE_Z(n)                                                                                 \
    __asm__ volatile("vmovdqu64 %%zmm" #n ", (%0)" ::"r"(&found[(size_t)64 * (n)]) : "memory");

static uint8_t filled[64];
static uint8_t found[32 * 64];

static void test_clears_xmm(void **state)
{
    (void)state;
    EACH_LOW(LOAD_X)
    registers_clear();
    EACH_LOW(STORE_X)
    assert_true(is_zero(found, 16 * sizeof(uint8_t[16])));
}

__attribute__((target("avx"))) static void test_clears_ymm(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx")) {
        skip();
    }
    EACH_LOW(LOAD_Y)
    registers_clear();
    EACH_LOW(STORE_Y)
    assert_true(is_zero(found, 16 * sizeof(uint8_t[32])));
}

__attribute__((target("avx512f"))) static void test_clears_zmm(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx512f")) {
        skip();
    }
    EACH_LOW(LOAD_Z)
    EACH_HIGH(LOAD_Z)
    registers_clear();
    EACH_LOW(STORE_Z)
    EACH_HIGH(STORE_Z)
    assert_true(is_zero(found, 32 * sizeof(uint8_t[64])));
}

static void load_registers(void *argument)
{
    (void)argument;
    EACH_LOW(LOAD_X)
}

static void test_run_clears_them(void **state)
{
    (void)state;
    stack_run(load_registers, NULL);
    EACH_LOW(STORE_X)
    assert_true(is_zero(found, 16 * sizeof(uint8_t[16])));
}

static int fill_pattern(void **state)
{
    (void)state;
    memset(filled, PATTERN, sizeof filled);
    memset(found, PATTERN, sizeof found);
    return 0;
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_in_the_arena),
        cmocka_unit_test(test_is_wiped),
        cmocka_unit_test(test_overrun_faults),
#ifdef __x86_64__
        cmocka_unit_test_setup(test_clears_xmm, fill_pattern),
        cmocka_unit_test_setup(test_clears_ymm, fill_pattern),
        cmocka_unit_test_setup(test_clears_zmm, fill_pattern),
        cmocka_unit_test_setup(test_run_clears_them, fill_pattern),
#endif
    };

    return cmocka_run_group_tests(tests, start, stop);
}
