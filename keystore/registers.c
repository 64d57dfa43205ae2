/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.h"

#define LOW_REGISTERS  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define HIGH_REGISTERS "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* The assembler repeats an instruction for each number: \n in it is the number. */
#define FOR_EACH(numbers, instruction) ".irp n," numbers "\n\t" instruction "\n\t.endr"

#if defined(__x86_64__)

#define CLOBBERED                                                                                  \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void registers_clear(void)
{
    /* 16 to 31 came with AVX-512; code for older processors, as ours, does not use them. */
    if (__builtin_cpu_supports("avx512f")) {
        __asm__ volatile(FOR_EACH(HIGH_REGISTERS, "vpxorq %%zmm\\n, %%zmm\\n, %%zmm\\n")::
                             : "memory");
    }
    /* The upper halves of 0 to 15 go with vzeroall. */
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::: CLOBBERED);
    } else {
        __asm__ volatile(FOR_EACH(LOW_REGISTERS, "pxor %%xmm\\n, %%xmm\\n")::: CLOBBERED);
    }
}

#elif defined(__aarch64__)

void registers_clear(void)
{
    __asm__ volatile(FOR_EACH(LOW_REGISTERS "," HIGH_REGISTERS, "movi v\\n\\().16b, #0")::
                         : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
                           "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
                           "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#else

void registers_clear(void)
{
}

#endif
