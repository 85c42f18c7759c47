/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * EXIF container: put EXIF into a finished WebP or AVIF file, byte for byte
 *
 * libvips writes EXIF by taking it apart and building it anew, which loses maker notes and whatever
 * else its parser does not know. So it writes the file with a stand-in, which is replaced here.
 */

#include "filters/codec.h"

/*
 * Replace the EXIF of the WebP file in @sink by @exif, or remove it where @exif is empty.
 * Returns 0 with sink->length set; -ENOSPC; -EPROTO where the file has no EXIF or is no WebP file.
 */
PP_MUST_CHECK int pp_exif_container_webp(struct pp_sink *sink, const struct pp_blob *exif);

/*
 * Replace the EXIF of the AVIF file in @sink by @exif. What it replaces stays in the file as bytes
 * that nothing refers to.
 * Returns as above.
 */
PP_MUST_CHECK int pp_exif_container_avif(struct pp_sink *sink, const struct pp_blob *exif);
