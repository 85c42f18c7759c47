/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Batch: pixels are painted 64 at a time
 *
 * Every step of the painter is a plain loop over arrays of BATCH numbers, which the compiler turns
 * into vector instructions; that makes painting five times as fast as pixel by pixel. A batch that
 * is not full is filled up with copies of its last pixel.
 */

#include <stdint.h>

#define BATCH 64

/*
 * Compiles a function twice, for processors with and without AVX2; the program picks one when it
 * starts. Both give the same bytes, because nothing here depends on the order of additions.
 * Sanitizers do not stand functions that are picked before they are set up themselves, and clang
 * does not inline into them.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) &&                 \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define BATCH_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define BATCH_WIDE
#endif
