/* SPDX-License-Identifier: MIT */

/*
 * Drawings come packed by gzip as "svgz". libvips unpacks them itself, but the one that we build on
 * (8.14) never returns from looking at some that are cut off. So it gets them unpacked.
 *
 * Memory grows with what comes out, by doubling: 1 kB can claim to hold 1 MB, but cannot reserve
 * it.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#include "filters/codec_library.h"
#include "filters/gunzip.h"

#define BYTES_FIRST 65536

/* For zlib: 15 bits of window, and 16 more say that there is a gzip header. */
#define WINDOW_BITS (15 + 16)

struct output {
    uint8_t *bytes;
    size_t capacity;
    size_t length;
};

bool pp_gunzip_applies(const struct pp_source *source)
{
    return pp_codec_starts_with(source, "\x1f\x8b", 2);
}

static int grow(struct output *output, size_t bytes_max)
{
    size_t capacity = output->capacity == 0 ? BYTES_FIRST : output->capacity * 2;
    uint8_t *bytes;

    if (output->capacity >= bytes_max) {
        return -EFBIG;
    }
    capacity = capacity < bytes_max ? capacity : bytes_max;
    bytes = realloc(output->bytes, capacity);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    output->bytes = bytes;
    output->capacity = capacity;
    return 0;
}

/* Returns 0 at the end of the file, or an error with what came out before it in @output. */
static int inflate_all(z_stream *stream, struct output *output, size_t bytes_max)
{
    for (;;) {
        size_t room = output->capacity - output->length;
        int r = room > 0 ? 0 : grow(output, bytes_max);

        if (r < 0) {
            return r;
        }
        room = output->capacity - output->length;
        room = room < INT_MAX ? room : INT_MAX;
        stream->next_out = output->bytes + output->length;
        stream->avail_out = (uInt)room;
        r = inflate(stream, Z_NO_FLUSH);
        output->length += room - stream->avail_out;
        if (r == Z_STREAM_END) {
            return 0;
        }
        if (r != Z_OK) {
            return r == Z_MEM_ERROR ? -ENOMEM : -EILSEQ;
        }
    }
}

static int unpack(const struct pp_source *source, size_t bytes_max, struct output *output)
{
    z_stream stream = {.next_in = (Bytef *)source->bytes, .avail_in = (uInt)source->length};
    int r;

    if (source->length > UINT_MAX) {
        return -EFBIG;
    }
    if (inflateInit2(&stream, WINDOW_BITS) != Z_OK) {
        return -ENOMEM;
    }
    r = inflate_all(&stream, output, bytes_max);
    inflateEnd(&stream);
    return r;
}

int pp_gunzip_start(const struct pp_source *source, size_t bytes_max, uint8_t **ret_bytes,
                    size_t *ret_length)
{
    struct output output = {0};
    int r = unpack(source, bytes_max, &output);

    if (output.length == 0) {
        free(output.bytes);
        return r < 0 ? r : -EILSEQ;
    }
    *ret_bytes = output.bytes;
    *ret_length = output.length;
    return 0;
}

int pp_gunzip_all(const struct pp_source *source, size_t bytes_max, uint8_t **ret_bytes,
                  size_t *ret_length)
{
    struct output output = {0};
    int r = unpack(source, bytes_max, &output);

    if (r < 0) {
        free(output.bytes);
        return r;
    }
    *ret_bytes = output.bytes;
    *ret_length = output.length;
    return 0;
}
