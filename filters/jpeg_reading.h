/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JPEG reading: a file in memory as libjpeg-turbo sees it, and the way out of it
 *
 * libjpeg reports by callbacks that must not return, so each operation on a file is one function
 * that runs inside pp_jpeg_reading_run(), the only setjmp(). What has to survive the jump lives in
 * struct pp_jpeg_reading.
 */

#include <setjmp.h>
#include <stdio.h>

/* jpeglib.h needs FILE from stdio.h, and does not say so. */
#include <jpeglib.h>

#include "filters/codec_library.h"

/* All that an operation works with. The caller sets the first group, and only what it needs of it;
 * the rest is zero before. */
struct pp_jpeg_reading {
    const struct pp_source *source;
    struct pp_error *error; /* may be NULL */
    struct pp_decode_scale scale;
    const struct pp_image *target; /* where to */
    struct pp_metadata *metadata;  /* where to */
    struct pp_header *header;      /* where to */

    struct jpeg_decompress_struct jpeg;
    bool started; /* the operation has come to the scans; it says so, for messages */
    bool drawing; /* it has come to the rows */

    /* Private. */
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr input;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    int code;         /* what to return; kept here because of the jumps */
    int32_t segments; /* of metadata, so far */
};

/*
 * Run @step with reading->jpeg created and reading from the source. Any call of libjpeg in it may
 * end it, so it must not own anything then.
 *
 * Returns what @step does, or an error as in filters/codec.h where libjpeg ended it: for a file
 * that ends too soon, and for anything from a warning upwards that leaves pixels in doubt.
 */
PP_MUST_CHECK int pp_jpeg_reading_run(struct pp_jpeg_reading *reading,
                                      int (*step)(struct pp_jpeg_reading *reading));
