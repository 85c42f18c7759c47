/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Metadata: what travels beside the pixels
 *
 * Owned blocks of bytes as the file held them, without the container's own headers: an ICC
 * profile, a TIFF structure of EXIF (starting at "II" or "MM"), an XMP packet.
 */

#include "filters/image.h"

/* One block; bytes is NULL and length 0 where there is none. */
struct pp_blob {
    uint8_t *bytes; /* owned by the metadata, from malloc */
    size_t length;  /* bytes */
};

/*
 * What a PNG says of its colours beside a profile, from its chunks gAMA, cHRM and sRGB. Numbers are
 * as in the file, 100000 for 1. Only PNG can hold them; other formats lose them.
 */
struct pp_colours {
    bool has_gamma;
    bool has_chromaticities;
    bool has_srgb;
    uint8_t srgb_intent;        /* 0 to 3: perceptual, relative, saturation, absolute */
    uint32_t gamma;             /* not 0 */
    uint32_t chromaticities[8]; /* x and y of white, red, green and blue */
};

struct pp_metadata {
    struct pp_blob icc;
    struct pp_blob exif;
    struct pp_blob xmp;
    double dots_per_mm; /* resolution, horizontal; 0 where unknown */
    struct pp_colours colours;
};

/* All empty. */
#define PP_METADATA_NONE ((struct pp_metadata){.icc = {NULL, 0}})

/*
 * Keep a copy of @length bytes in @blob, in place of what it held; 0 bytes empty it.
 * Returns 0 or -ENOMEM with @blob as it was.
 */
PP_MUST_CHECK int pp_blob_set(struct pp_blob *blob, const void *bytes, size_t length);

/*
 * Keep EXIF as a container held it, with or without the "Exif" that some put before it, as the TIFF
 * structure alone. What is no TIFF structure is not kept, which is no error.
 * Returns 0 or -ENOMEM.
 */
PP_MUST_CHECK int pp_metadata_set_exif(struct pp_metadata *metadata, const uint8_t *bytes,
                                       size_t length);

/* Free all blocks; @metadata is empty afterwards and can be used again. */
void pp_metadata_finish(struct pp_metadata *metadata);
