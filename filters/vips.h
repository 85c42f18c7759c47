/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * libvips: started once in a process, made safe
 *
 * One thread (the pool is the parallelism), no operation cache, and the loaders that libvips itself
 * marks as untrusted blocked, ImageMagick first of all. This header needs no libvips type: vips*.c
 * and codec_vips_*.c alone include <vips/vips.h>.
 */

#include "core/error.h"

/*
 * Start libvips, once; later calls cost nothing. Starts no thread by itself, so a process may call
 * it and fork afterwards as long as no image was touched in between.
 *
 * Returns 0 or -ENODEV with the library's own words in @error.
 */
PP_MUST_CHECK int pp_vips_start(struct pp_error *error);

/* Move libvips' error text, without its line ends, into @error with @code; returns @code. */
int pp_vips_error(struct pp_error *error, int code, const char *what);
