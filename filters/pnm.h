/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * PNM: the header of binary PGM and PPM files, and what their samples mean
 *
 * What stb_image's reader of them leaves out; codec_stb.c uses it.
 */

#include "filters/codec.h"

/* Whether @source begins as a binary PGM ("P5") or PPM ("P6") does. */
bool pp_pnm_applies(const struct pp_source *source);

/*
 * Read the header of @source, to which pp_pnm_applies().
 * Returns 0 with the size, bands and bits of *header filled, and *ret_white the value of white, 1
 * to 65535; or -EILSEQ.
 */
PP_MUST_CHECK int pp_pnm_parse(const struct pp_source *source, struct pp_header *header,
                               int32_t *ret_white, struct pp_error *error);

/*
 * Make the samples of @target, copied as @source holds them, our own: in native byte order, and
 * white all bits set. Returns 0; -EILSEQ where a sample is lighter than white.
 */
PP_MUST_CHECK int pp_pnm_finish(const struct pp_source *source, const struct pp_image *target,
                                struct pp_error *error);
