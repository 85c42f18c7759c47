/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filters/metadata.h"
#include "filters/tiff_directory.h"

int pp_blob_set(struct pp_blob *blob, const void *bytes, size_t length)
{
    uint8_t *copy = NULL;

    if (length > 0) {
        copy = malloc(length);
        if (copy == NULL) {
            return -ENOMEM;
        }
        memcpy(copy, bytes, length);
    }
    free(blob->bytes);
    *blob = (struct pp_blob){copy, length};
    return 0;
}

int pp_metadata_set_exif(struct pp_metadata *metadata, const uint8_t *bytes, size_t length)
{
    static const char mark[6] = "Exif";
    struct pp_tiff tiff;

    if (length >= sizeof(mark) && memcmp(bytes, mark, sizeof(mark)) == 0) {
        bytes += sizeof(mark);
        length -= sizeof(mark);
    }
    return pp_tiff_open(&tiff, bytes, length) ? pp_blob_set(&metadata->exif, bytes, length) : 0;
}

void pp_metadata_finish(struct pp_metadata *metadata)
{
    free(metadata->icc.bytes);
    free(metadata->exif.bytes);
    free(metadata->xmp.bytes);
    *metadata = PP_METADATA_NONE;
}
