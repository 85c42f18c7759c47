/* SPDX-License-Identifier: MIT */

/*
 * A TIFF structure is a chain of directories. A directory is a count, entries of 12 bytes sorted by
 * tag, and the offset of the next directory; an entry is tag, type, count, and the value or, above
 * four bytes, its offset. We write three directories, each followed by its long values:
 *
 *     header | IFD0 (the picture) | EXIF (how it was taken) | IFD1 (the preview) | preview
 *
 * IFD0 points at the EXIF directory by a tag, and at IFD1 as the next one. Offsets that are not
 * known yet when an entry is written are filled in afterwards.
 */

#include "samples/camera_exif.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX 24
#define LONG_VALUES 64 /* bytes for each value that does not fit into its entry */

enum type {
    TYPE_BYTES = 7, /* as the tag says; TIFF calls it undefined */
    TYPE_TEXT = 2,
    TYPE_SHORT = 3,
    TYPE_LONG = 4,
    TYPE_RATIO = 5,
    TYPE_SIGNED_RATIO = 10,
};

/* A directory in the making. */
struct directory {
    uint8_t *block;  /* the whole structure */
    size_t start;    /* where the directory begins in it */
    uint32_t count;  /* of entries so far */
    uint32_t most;   /* of entries there will be */
    size_t end;      /* where the next long value goes */
    uint32_t before; /* tag of the last entry */
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 0xFFFF);
    put16(at + 2, value >> 16);
}

static void directory_init(struct directory *directory, uint8_t *block, size_t start, uint32_t most)
{
    *directory = (struct directory){
        .block = block,
        .start = start,
        .most = most,
        .end = start + 2 + (size_t)most * 12 + 4,
    };
    put16(block + start, most);
    put32(block + start + 2 + (size_t)most * 12, 0);
}

/* Add an entry; @value is @bytes long and already little endian. Returns where the value lies. */
static uint8_t *add(struct directory *directory, uint32_t tag, enum type type, uint32_t count,
                    const void *value, size_t bytes)
{
    uint8_t *entry = directory->block + directory->start + 2 + (size_t)directory->count * 12;
    uint8_t *at = entry + 8;

    assert(directory->count < directory->most && tag > directory->before);
    assert(bytes <= LONG_VALUES);
    directory->count++;
    directory->before = tag;
    put16(entry, tag);
    put16(entry + 2, type);
    put32(entry + 4, count);
    put32(at, 0);
    if (bytes > 4) {
        put32(at, (uint32_t)directory->end);
        at = directory->block + directory->end;
        directory->end += bytes + (bytes & 1); /* values begin at even places */
    }
    memcpy(at, value, bytes);
    return at;
}

static void add_text(struct directory *directory, uint32_t tag, const char *text)
{
    add(directory, tag, TYPE_TEXT, (uint32_t)strlen(text) + 1, text, strlen(text) + 1);
}

static void add_short(struct directory *directory, uint32_t tag, uint32_t value)
{
    uint8_t bytes[2];

    put16(bytes, value);
    add(directory, tag, TYPE_SHORT, 1, bytes, sizeof(bytes));
}

/* Returns where the value lies, for one that is not known yet. */
static uint8_t *add_long(struct directory *directory, uint32_t tag, uint32_t value)
{
    uint8_t bytes[4];

    put32(bytes, value);
    return add(directory, tag, TYPE_LONG, 1, bytes, sizeof(bytes));
}

static void add_ratio(struct directory *directory, uint32_t tag, enum type type, uint32_t above,
                      uint32_t below)
{
    uint8_t bytes[8];

    put32(bytes, above);
    put32(bytes + 4, below);
    add(directory, tag, type, 1, bytes, sizeof(bytes));
}

/* Photos are taken in 2024, one a day, at a time of the day that differs from photo to photo. */
static void time_taken(uint32_t number, char text[20])
{
    snprintf(text, 20, "2024:%02u:%02u %02u:%02u:%02u", number / 28 % 12 + 1, number % 28 + 1,
             6 + number * 5 % 14, number * 37 % 60, number * 23 % 60);
}

/* The resolution says nothing; readers expect it. */
static void add_resolution(struct directory *directory)
{
    add_ratio(directory, 0x011A, TYPE_RATIO, 72, 1); /* XResolution */
    add_ratio(directory, 0x011B, TYPE_RATIO, 72, 1); /* YResolution */
    add_short(directory, 0x0128, 2);                 /* ResolutionUnit: inch */
}

/* Returns where the offset of the EXIF directory goes. */
static uint8_t *write_picture(struct directory *ifd0, const struct camera_exif *photo)
{
    char time[20];

    time_taken(photo->number, time);
    add_text(ifd0, 0x010F, "pixpool");               /* Make */
    add_text(ifd0, 0x0110, "Landscape painter");     /* Model */
    add_short(ifd0, 0x0112, photo->orientation);     /* Orientation */
    add_resolution(ifd0);                            /* 0x011A to 0x0128 */
    add_text(ifd0, 0x0131, "pixpool samples/paint"); /* Software */
    add_text(ifd0, 0x0132, time);                    /* DateTime */
    add_short(ifd0, 0x0213, 1);                      /* YCbCrPositioning: centred */
    return add_long(ifd0, 0x8769, 0);                /* ExifIFD */
}

static void write_shot(struct directory *exif, const struct camera_exif *photo)
{
    static const uint8_t components[4] = {1, 2, 3, 0}; /* Y, Cb, Cr */
    char time[20];

    time_taken(photo->number, time);
    add_ratio(exif, 0x829A, TYPE_RATIO, 1, photo->shutter); /* ExposureTime */
    add_ratio(exif, 0x829D, TYPE_RATIO, (uint32_t)(photo->f_number * 10.0F + 0.5F),
              10);                                           /* FNumber */
    add_short(exif, 0x8822, 3);                              /* ExposureProgram: aperture first */
    add_short(exif, 0x8827, photo->iso);                     /* ISOSpeedRatings */
    add(exif, 0x9000, TYPE_BYTES, 4, "0231", 4);             /* ExifVersion */
    add_text(exif, 0x9003, time);                            /* DateTimeOriginal */
    add_text(exif, 0x9004, time);                            /* DateTimeDigitized */
    add(exif, 0x9101, TYPE_BYTES, 4, components, 4);         /* ComponentsConfiguration */
    add_ratio(exif, 0x9204, TYPE_SIGNED_RATIO, 0, 3);        /* ExposureBiasValue */
    add_short(exif, 0x9207, 5);                              /* MeteringMode: whole picture */
    add_short(exif, 0x9209, 16);                             /* Flash: off */
    add_ratio(exif, 0x920A, TYPE_RATIO, photo->focal_mm, 1); /* FocalLength */
    add(exif, 0xA000, TYPE_BYTES, 4, "0100", 4);             /* FlashpixVersion */
    add_short(exif, 0xA001, 1);                              /* ColorSpace: sRGB */
    add_long(exif, 0xA002, photo->width);                    /* PixelXDimension */
    add_long(exif, 0xA003, photo->height);                   /* PixelYDimension */
    add_short(exif, 0xA405, photo->focal_35mm);              /* FocalLengthIn35mmFilm */
}

/* Returns where the offset of the preview goes. */
static uint8_t *write_preview(struct directory *ifd1, const struct camera_exif *photo)
{
    uint8_t *offset;

    add_short(ifd1, 0x0103, 6);                              /* Compression: JPEG */
    add_resolution(ifd1);                                    /* 0x011A to 0x0128 */
    offset = add_long(ifd1, 0x0201, 0);                      /* JPEGInterchangeFormat */
    add_long(ifd1, 0x0202, (uint32_t)photo->preview_length); /* JPEGInterchangeFormatLength */
    return offset;
}

size_t camera_exif_room(size_t preview_length)
{
    return 8 + 3 * (2 + ENTRIES_MAX * (12 + LONG_VALUES) + 4) + preview_length;
}

size_t camera_exif_write(const struct camera_exif *photo, uint8_t *out)
{
    struct directory ifd0;
    struct directory exif;
    struct directory ifd1;
    uint8_t *exif_offset;
    uint8_t *preview_offset;

    memcpy(out, "II*\0\10\0\0\0", 8); /* little endian; the first directory follows */
    directory_init(&ifd0, out, 8, 10);
    exif_offset = write_picture(&ifd0, photo);
    directory_init(&exif, out, ifd0.end, 17);
    put32(exif_offset, (uint32_t)exif.start);
    write_shot(&exif, photo);
    directory_init(&ifd1, out, exif.end, 6);
    put32(out + ifd0.start + 2 + (size_t)ifd0.most * 12, (uint32_t)ifd1.start);
    preview_offset = write_preview(&ifd1, photo);
    put32(preview_offset, (uint32_t)ifd1.end);
    memcpy(out + ifd1.end, photo->preview, photo->preview_length);
    return ifd1.end + photo->preview_length;
}
