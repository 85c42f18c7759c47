/* SPDX-License-Identifier: MIT */

/*
 * The header is words between white space and comments, of which stb_image believes too much: it
 * forgets which value is white, lets long numbers overflow, and takes a header that is none for a
 * picture without pixels.
 */

#include <errno.h>
#include <string.h>

#include "filters/pnm.h"

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Two letters begin many a text: what must follow them is part of the mark. */
bool pp_pnm_applies(const struct pp_source *source)
{
    const uint8_t *bytes = source->bytes;

    return source->length >= 3 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6') &&
           (is_space(bytes[2]) || bytes[2] == '#');
}

/* White space and comments, each of which ends with its line. Returns the place behind them. */
static size_t skip_space(const struct pp_source *source, size_t place)
{
    bool in_comment = false;

    for (; place < source->length; place++) {
        uint8_t byte = source->bytes[place];

        if (in_comment) {
            in_comment = byte != '\n' && byte != '\r';
        } else if (byte == '#') {
            in_comment = true;
        } else if (!is_space(byte)) {
            break;
        }
    }
    return place;
}

/* The number at *place, which is moved behind it; -1 where there is none, or none that fits. */
static int32_t read_number(const struct pp_source *source, size_t *place)
{
    size_t start = skip_space(source, *place);
    size_t end = start;
    int32_t number = 0;

    for (; end < source->length && end - start < 9; end++) {
        uint8_t byte = source->bytes[end];

        if (byte < '0' || byte > '9') {
            break;
        }
        number = number * 10 + (byte - '0');
    }
    *place = end;
    if (end < source->length && !is_space(source->bytes[end]) && source->bytes[end] != '#') {
        return -1;
    }
    return end > start ? number : -1;
}

int pp_pnm_parse(const struct pp_source *source, struct pp_header *header, int32_t *ret_white,
                 struct pp_error *error)
{
    size_t place = 2;
    int32_t width = read_number(source, &place);
    int32_t height = read_number(source, &place);
    int32_t white = read_number(source, &place);

    if (place >= source->length) {
        return pp_error_set(error, -EILSEQ, "truncated PNM: the data ends in the header");
    }
    if (width < 0 || height < 0 || white < 0 || !is_space(source->bytes[place])) {
        return pp_error_set(error, -EILSEQ,
                            "corrupt PNM: its width, height and white must be short numbers");
    }
    if (white < 1 || white > 65535) {
        return pp_error_set(error, -EILSEQ, "corrupt PNM: white is %d, not 1 to 65535", (int)white);
    }
    header->size = (struct pp_size){width, height};
    header->bands = source->bytes[1] == '6' ? 3 : 1;
    header->bits = white > 255 ? 16 : 8;
    *ret_white = white;
    return 0;
}

/* The sample at @place of a PNM, from 0 for black to @white; 16 bits begin with the higher ones. */
static uint32_t read_sample(const uint8_t *row, size_t place, int32_t bits)
{
    return bits == 16 ? (uint32_t)row[2 * place] << 8 | row[2 * place + 1] : row[place];
}

static void write_sample(uint8_t *row, size_t place, int32_t bits, uint32_t value)
{
    if (bits == 16) {
        uint16_t sample = (uint16_t)value;

        memcpy(row + 2 * place, &sample, sizeof(sample));
    } else {
        row[place] = (uint8_t)value;
    }
}

int pp_pnm_finish(const struct pp_source *source, const struct pp_image *target,
                  struct pp_error *error)
{
    struct pp_header header;
    uint32_t most = target->bits == 16 ? 65535 : 255;
    size_t count = (size_t)target->width * (size_t)target->bands;
    int32_t white;
    int r = pp_pnm_parse(source, &header, &white, error);

    if (r != 0 || (target->bits == 8 && white == 255)) {
        return r;
    }
    for (int32_t y = 0; y < target->height; y++) {
        uint8_t *row = pp_image_row(target, y);

        for (size_t i = 0; i < count; i++) {
            uint32_t sample = read_sample(row, i, target->bits);

            if (sample > (uint32_t)white) {
                return pp_error_set(error, -EILSEQ,
                                    "corrupt PNM: a sample in row %d is lighter than white",
                                    (int)y + 1);
            }
            sample = (sample * most + (uint32_t)white / 2) / (uint32_t)white;
            write_sample(row, i, target->bits, sample);
        }
    }
    return 0;
}
