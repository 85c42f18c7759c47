/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kernel: inner loops compiled for several generations of processor
 *
 * The compiler makes the variants, the processor that runs the program chooses among them. Every
 * variant does the same steps in the same order (the project is compiled with -ffp-contract=off),
 * so all of them give the same bytes. There is no ifunc in this: sanitizers and static linking
 * get along with it.
 */

#include <stdbool.h>
#include <stdint.h>

/* The generations that kernels are compiled for, with vectors of 16, 32 and 64 bytes. */
enum pp_kernel_level {
    PP_KERNEL_BASE,  /* what every processor of the architecture has */
    PP_KERNEL_WIDE,  /* x86-64: AVX2 */
    PP_KERNEL_WIDEST /* x86-64: AVX-512 F, BW, DQ and VL */
};

#if defined(__x86_64__)
#define PP_KERNEL_LEVELS      3
#define PP_KERNEL_TARGET_WIDE __attribute__((target("avx2")))
#define PP_KERNEL_TARGET_WIDEST                                                                    \
    __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define PP_KERNEL_LEVELS 1
#define PP_KERNEL_TARGET_WIDE
#define PP_KERNEL_TARGET_WIDEST
#endif

/* The highest level that this processor has. Any thread, any process; costs a few loads. */
static inline enum pp_kernel_level pp_kernel_level(void)
{
#if PP_KERNEL_LEVELS > 1
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return PP_KERNEL_WIDEST;
    }
    if (__builtin_cpu_supports("avx2")) {
        return PP_KERNEL_WIDE;
    }
#endif
    return PP_KERNEL_BASE;
}

/*
 * Defines NAME(LEVEL, ...), which runs the inline function NAME_body(...) as compiled for @LEVEL.
 *
 * PARAMETERS: the parameters of NAME_body with their types; ARGUMENTS: their names alone; both in
 * parentheses. NAME_body must be PP_KERNEL_BODY, so that its loop is compiled once in each variant.
 */
#define PP_KERNEL_BODY static inline __attribute__((always_inline)) void

#define PP_KERNEL_DEFINE(NAME, PARAMETERS, ARGUMENTS)                                              \
    static void NAME##_base PARAMETERS                                                             \
    {                                                                                              \
        NAME##_body ARGUMENTS;                                                                     \
    }                                                                                              \
    static PP_KERNEL_TARGET_WIDE void NAME##_wide PARAMETERS                                       \
    {                                                                                              \
        NAME##_body ARGUMENTS;                                                                     \
    }                                                                                              \
    static PP_KERNEL_TARGET_WIDEST void NAME##_widest PARAMETERS                                   \
    {                                                                                              \
        NAME##_body ARGUMENTS;                                                                     \
    }                                                                                              \
    static void(*const NAME##_levels[]) PARAMETERS = {NAME##_base, NAME##_wide, NAME##_widest}
