/* SPDX-License-Identifier: MIT */
#include <vips/vips.h>

#include "filters/exif.h"
#include "filters/vips.h"
#include "tests/pictures.h"

static const enum pp_format written[] = {PP_FORMAT_JPEG, PP_FORMAT_PNG, PP_FORMAT_WEBP,
                                         PP_FORMAT_TIFF, PP_FORMAT_AVIF};

static const struct pp_size odd = {211, 97};

static void set_blob(struct pp_blob *blob, const void *bytes, size_t length)
{
    g_assert_cmpint(pp_blob_set(blob, bytes, length), ==, 0);
}

/* A profile that is one, an EXIF with a tag that no program knows, an XMP packet. */
static struct pp_metadata make_metadata(void)
{
    static const uint8_t exif[] = "MM\0*\0\0\0\x08\0\x02"
                                  "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" /* orientation 6 */
                                  "\xC0\xDE\0\x07\0\0\0\x04pixp"       /* something private */
                                  "\0\0\0";
    static const char xmp[] = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"></x:xmpmeta>";
    struct pp_metadata metadata = PP_METADATA_NONE;
    VipsBlob *profile;
    size_t length;
    const void *bytes;

    g_assert_cmpint(vips_profile_load("srgb", &profile, NULL), ==, 0);
    bytes = vips_blob_get(profile, &length);
    set_blob(&metadata.icc, bytes, length);
    vips_area_unref(VIPS_AREA(profile));
    set_blob(&metadata.exif, exif, sizeof(exif));
    set_blob(&metadata.xmp, xmp, sizeof(xmp) - 1);
    metadata.dots_per_mm = 300 / 25.4;
    return metadata;
}

static void assert_same_blob(const struct pp_blob *a, const struct pp_blob *b)
{
    g_assert_cmpmem(a->bytes, a->length, b->bytes, b->length);
}

static void test_metadata_survives(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = make_metadata();

    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        struct pp_metadata back = PP_METADATA_NONE;
        struct picture read;
        GBytes *file;

        if (!pp_codec_can_encode(written[i])) {
            continue;
        }
        file = picture_write(&picture, written[i], 0, &metadata);
        read = picture_read_good(file, 1, &back);
        assert_same_blob(&metadata.icc, &back.icc);
        assert_same_blob(&metadata.xmp, &back.xmp);
        if (written[i] == PP_FORMAT_TIFF) {
            g_assert_cmpint(back.exif.length, ==, 0); /* libvips has no place for it */
        } else {
            assert_same_blob(&metadata.exif, &back.exif);
        }
        if (written[i] != PP_FORMAT_WEBP && written[i] != PP_FORMAT_AVIF) {
            g_assert_cmpfloat(fabs(back.dots_per_mm - metadata.dots_per_mm), <, 0.01);
        }
        pp_metadata_finish(&back);
        picture_free(&read);
        g_bytes_unref(file);
    }
    pp_metadata_finish(&metadata);
    picture_free(&picture);
}

/* What @colours become in a file of @format with @profile, which the caller reads no further. */
static struct pp_colours pass_colours(const struct pp_colours *colours, enum pp_format format,
                                      gboolean profile)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = make_metadata();
    struct pp_metadata back = PP_METADATA_NONE;
    struct pp_colours passed;
    struct picture read;
    GBytes *file;

    metadata.colours = *colours;
    if (!profile) {
        set_blob(&metadata.icc, NULL, 0);
    }
    file = picture_write(&picture, format, 0, &metadata);
    read = picture_read_good(file, 1, &back);
    assert_same_blob(&metadata.icc, &back.icc);
    passed = back.colours;
    pp_metadata_finish(&metadata);
    pp_metadata_finish(&back);
    picture_free(&read);
    picture_free(&picture);
    g_bytes_unref(file);
    return passed;
}

/* Values that contradict each other, which is nothing that a filter has to judge. */
static const struct pp_colours odd_colours = {
    .has_gamma = true,
    .has_chromaticities = true,
    .has_srgb = true,
    .srgb_intent = 2,
    .gamma = 100000,
    .chromaticities = {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000},
};

static void assert_no_colours(const struct pp_colours *colours)
{
    g_assert_false(colours->has_gamma || colours->has_chromaticities || colours->has_srgb);
}

static void test_colours_of_a_png_survive_in_a_png(void)
{
    struct pp_colours wrong = {.has_gamma = true, .has_srgb = true, .srgb_intent = 4};
    struct pp_colours none = {0};
    struct pp_colours back = pass_colours(&odd_colours, PP_FORMAT_PNG, FALSE);

    g_assert_true(back.has_gamma && back.has_chromaticities && back.has_srgb);
    g_assert_cmpuint(back.gamma, ==, odd_colours.gamma);
    g_assert_cmpuint(back.srgb_intent, ==, odd_colours.srgb_intent);
    g_assert_cmpmem(back.chromaticities, sizeof(back.chromaticities), odd_colours.chromaticities,
                    sizeof(odd_colours.chromaticities));
    /* The profile says more than sRGB, and must not be lost to it. */
    back = pass_colours(&odd_colours, PP_FORMAT_PNG, TRUE);
    g_assert_true(back.has_gamma && back.has_chromaticities && !back.has_srgb);
    back = pass_colours(&none, PP_FORMAT_PNG, FALSE);
    assert_no_colours(&back);
    back = pass_colours(&wrong, PP_FORMAT_PNG, FALSE);
    assert_no_colours(&back);
    back = pass_colours(&odd_colours, PP_FORMAT_TIFF, TRUE);
    assert_no_colours(&back);
}

static void test_colours_are_written_as_png_wants_them(void)
{
    static const uint8_t gamma[] = "\0\0\0\4gAMA\0\1\x86\xa0";
    static const uint8_t srgb[] = "\0\0\0\1sRGB\2";
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = {.colours = odd_colours};
    GBytes *file = picture_write(&picture, PP_FORMAT_PNG, 0, &metadata);
    struct pp_source source = source_of(file);
    const uint8_t *rows = memmem(source.bytes, source.length, "IDAT", 4);
    size_t before = (size_t)(rows - source.bytes);

    g_assert_nonnull(memmem(source.bytes, before, gamma, sizeof(gamma) - 1));
    g_assert_nonnull(memmem(source.bytes, before, srgb, sizeof(srgb) - 1));
    g_assert_nonnull(memmem(source.bytes, before,
                            "\0\0\0\x20"
                            "cHRM\0\0\x7a\x26",
                            12));
    g_bytes_unref(file);
    picture_free(&picture);
}

static void test_a_picture_without_metadata_gets_none(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);

    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        struct pp_metadata back = PP_METADATA_NONE;
        struct picture read;
        GBytes *file;

        if (!pp_codec_can_encode(written[i])) {
            continue;
        }
        file = picture_write(&picture, written[i], 0, NULL);
        read = picture_read_good(file, 1, &back);
        g_assert_cmpint(back.icc.length + back.exif.length + back.xmp.length, ==, 0);
        picture_free(&read);
        g_bytes_unref(file);
    }
    picture_free(&picture);
}

static void test_exif_of_any_size_is_replaced_whole(void)
{
    struct picture picture = picture_paint((struct pp_size){32, 32}, 3, 8, FALSE);

    /* libvips' stand-in has a fixed size: EXIF smaller and larger than it, odd and even, takes
     * every way through the replacement. */
    for (size_t length = 8; length < 60000; length = length * 3 + 1) {
        for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
            struct pp_metadata metadata = PP_METADATA_NONE;
            struct pp_metadata back = PP_METADATA_NONE;
            struct picture read;
            GBytes *file;

            if (!pp_codec_can_encode(written[i]) || written[i] == PP_FORMAT_TIFF) {
                continue;
            }
            metadata.exif.bytes = calloc(1, length);
            metadata.exif.length = length;
            memset(metadata.exif.bytes, 'e', length);
            memcpy(metadata.exif.bytes, "II*\0\x08\0\0\0", 8);
            file = picture_write(&picture, written[i], 0, &metadata);
            read = picture_read_good(file, 1, &back);
            assert_same_blob(&metadata.exif, &back.exif);
            pp_metadata_finish(&metadata);
            pp_metadata_finish(&back);
            picture_free(&read);
            g_bytes_unref(file);
        }
    }
    picture_free(&picture);
}

static void test_orientation_is_told_where_it_is_still_to_be_applied(void)
{
    static const enum pp_format formats[] = {PP_FORMAT_JPEG, PP_FORMAT_PNG, PP_FORMAT_WEBP};
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = make_metadata();
    struct pp_header header;

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        GBytes *file = picture_write(&picture, formats[i], 0, &metadata);
        struct pp_source source = source_of(file);

        g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
        g_assert_cmpint(header.orientation, ==, 6);
        g_assert_cmpint(header.size.width, ==, odd.width);
        g_bytes_unref(file);
    }
    if (pp_codec_can_encode(PP_FORMAT_AVIF)) {
        GBytes *file = picture_write(&picture, PP_FORMAT_AVIF, 0, &metadata);
        struct pp_source source = source_of(file);

        /* HEIF says it in the container, where the loader sees to it; EXIF does not count. */
        g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
        g_assert_cmpint(header.orientation, ==, 1);
        g_bytes_unref(file);
    }
    pp_metadata_finish(&metadata);
    picture_free(&picture);
}

static void test_an_updated_exif_survives_without_its_preview(void)
{
    static const uint8_t bytes[] = "II*\0\x08\0\0\0\x01\0"
                                   "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" /* orientation 6 */
                                   "\x1A\0\0\0"                         /* the preview's tags */
                                   "\x02\0"                             /* at 26 */
                                   "\x01\x02\x04\0\x01\0\0\0\x38\0\0\0" /* it is at 56 */
                                   "\x02\x02\x04\0\x01\0\0\0\x08\0\0\0" /* and has 8 bytes */
                                   "\0\0\0\0PREVIEW!";
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = PP_METADATA_NONE;
    struct pp_metadata back = PP_METADATA_NONE;
    struct picture read;
    struct pp_header header;
    struct pp_source source;
    GBytes *file;

    set_blob(&metadata.exif, bytes, sizeof(bytes) - 1);
    pp_exif_update(&metadata.exif, odd);
    file = picture_write(&picture, PP_FORMAT_JPEG, 0, &metadata);
    source = source_of(file);
    g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
    g_assert_cmpint(header.orientation, ==, 1);
    g_assert_null(memmem(source.bytes, source.length, "PREVIEW!", 8));
    read = picture_read_good(file, 1, &back);
    assert_same_blob(&metadata.exif, &back.exif);
    pp_metadata_finish(&metadata);
    pp_metadata_finish(&back);
    g_bytes_unref(file);
    picture_free(&read);
    picture_free(&picture);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    g_test_add_func("/metadata/survives-in-every-format", test_metadata_survives);
    g_test_add_func("/metadata/a-picture-without-metadata-gets-none",
                    test_a_picture_without_metadata_gets_none);
    g_test_add_func("/metadata/colours-of-a-png-survive-in-a-png",
                    test_colours_of_a_png_survive_in_a_png);
    g_test_add_func("/metadata/colours-are-written-as-png-wants-them",
                    test_colours_are_written_as_png_wants_them);
    g_test_add_func("/metadata/exif-of-any-size-is-replaced-whole",
                    test_exif_of_any_size_is_replaced_whole);
    g_test_add_func("/metadata/an-updated-exif-survives-without-its-preview",
                    test_an_updated_exif_survives_without_its_preview);
    g_test_add_func("/metadata/orientation-is-told-where-it-is-still-to-be-applied",
                    test_orientation_is_told_where_it_is_still_to_be_applied);
    return g_test_run();
}
