/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.h"

#if defined(__x86_64__)

#define CLEAR(n) __asm__ volatile("vpxorq %%zmm" #n ", %%zmm" #n ", %%zmm" #n ::: "memory")

/* 0 to 15 have their parts in every generation; 16 to 31 came with AVX-512. */
__attribute__((target("avx512f"))) static void clear_upper(void)
{
    CLEAR(16);
    CLEAR(17);
    CLEAR(18);
    CLEAR(19);
    CLEAR(20);
    CLEAR(21);
    CLEAR(22);
    CLEAR(23);
    CLEAR(24);
    CLEAR(25);
    CLEAR(26);
    CLEAR(27);
    CLEAR(28);
    CLEAR(29);
    CLEAR(30);
    CLEAR(31);
}

static void clear_sse(void)
{
    __asm__ volatile("pxor %%xmm0, %%xmm0\n\t"
                     "pxor %%xmm1, %%xmm1\n\t"
                     "pxor %%xmm2, %%xmm2\n\t"
                     "pxor %%xmm3, %%xmm3\n\t"
                     "pxor %%xmm4, %%xmm4\n\t"
                     "pxor %%xmm5, %%xmm5\n\t"
                     "pxor %%xmm6, %%xmm6\n\t"
                     "pxor %%xmm7, %%xmm7\n\t"
                     "pxor %%xmm8, %%xmm8\n\t"
                     "pxor %%xmm9, %%xmm9\n\t"
                     "pxor %%xmm10, %%xmm10\n\t"
                     "pxor %%xmm11, %%xmm11\n\t"
                     "pxor %%xmm12, %%xmm12\n\t"
                     "pxor %%xmm13, %%xmm13\n\t"
                     "pxor %%xmm14, %%xmm14\n\t"
                     "pxor %%xmm15, %%xmm15" ::
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                           "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

void registers_clear(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        clear_upper();
    }
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                               "xmm15");
    } else {
        clear_sse();
    }
}

#elif defined(__aarch64__)

#define CLEAR(n) __asm__ volatile("movi v" #n ".16b, #0" ::: "v" #n)

void registers_clear(void)
{
    CLEAR(0);
    CLEAR(1);
    CLEAR(2);
    CLEAR(3);
    CLEAR(4);
    CLEAR(5);
    CLEAR(6);
    CLEAR(7);
    CLEAR(8);
    CLEAR(9);
    CLEAR(10);
    CLEAR(11);
    CLEAR(12);
    CLEAR(13);
    CLEAR(14);
    CLEAR(15);
    CLEAR(16);
    CLEAR(17);
    CLEAR(18);
    CLEAR(19);
    CLEAR(20);
    CLEAR(21);
    CLEAR(22);
    CLEAR(23);
    CLEAR(24);
    CLEAR(25);
    CLEAR(26);
    CLEAR(27);
    CLEAR(28);
    CLEAR(29);
    CLEAR(30);
    CLEAR(31);
}

#else

void registers_clear(void)
{
}

#endif
