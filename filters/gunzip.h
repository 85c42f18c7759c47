/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Gunzip: unpack a gzip file in memory, up to a limit
 */

#include "filters/codec.h"

/* Whether @source starts as gzip files do. */
bool pp_gunzip_applies(const struct pp_source *source);

/*
 * Unpack as many bytes as come first, at most @bytes_max, into *ret_bytes, to be freed by free().
 *
 * Returns 0 with *ret_length set; -EILSEQ where nothing can be unpacked; -ENOMEM. What is damaged
 * or cut off behind the first @bytes_max bytes is not noticed.
 */
PP_MUST_CHECK int pp_gunzip_start(const struct pp_source *source, size_t bytes_max,
                                  uint8_t **ret_bytes, size_t *ret_length);

/*
 * Unpack the whole file likewise.
 * Returns 0; -EILSEQ where it is damaged or cut off; -EFBIG for more than @bytes_max; -ENOMEM.
 */
PP_MUST_CHECK int pp_gunzip_all(const struct pp_source *source, size_t bytes_max,
                                uint8_t **ret_bytes, size_t *ret_length);
