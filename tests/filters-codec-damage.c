/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <jpeglib.h>

#include "filters/vips.h"
#include "tests/fence.h"
#include "tests/specimens.h"

/* Asked by LeakSanitizer, where there is one: libdav1d 1.0 forgets 40 bytes of a damaged picture.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libdav1d";
}

/* Every format that is read, each in the ways that its reader treats differently. */
enum kind {
    JPEG,
    JPEG_PROGRESSIVE,
    JPEG_CMYK,
    PNG,
    PNG_INTERLACED,
    WEBP,
    TIFF,
    TIFF_JPEG,
    AVIF,
    GIF,
    JXL,
    JP2,
    SVG,
    SVGZ,
    BMP,
    TGA,
    TGA_PACKED,
    PSD,
    PIC,
    HDR,
    PNM,
    KINDS
};

/* NULL where this machine's libraries cannot write one. */
static GBytes *make_specimen(enum kind kind)
{
    switch (kind) {
    case JPEG:
        return specimen_written(PP_FORMAT_JPEG);
    case JPEG_PROGRESSIVE:
        return specimen_saved(3, ".jpg[interlace,strip]");
    case JPEG_CMYK:
        return specimen_saved(4, ".jpg[strip]");
    case PNG:
        return specimen_written(PP_FORMAT_PNG);
    case PNG_INTERLACED:
        return specimen_saved(3, ".png[interlace,strip]");
    case WEBP:
        return specimen_written(PP_FORMAT_WEBP);
    case TIFF:
        return specimen_written(PP_FORMAT_TIFF);
    case TIFF_JPEG:
        return specimen_saved(3, ".tif[compression=jpeg,strip]");
    case AVIF:
        return pp_codec_can_encode(PP_FORMAT_AVIF) ? specimen_written(PP_FORMAT_AVIF) : NULL;
    case GIF:
        return specimen_saved(3, ".gif[dither=0]");
    case JXL:
        return vips_type_find("VipsOperation", "jxlsave_buffer") != 0
                   ? specimen_saved(3, ".jxl[strip]")
                   : NULL;
    case JP2:
        return vips_type_find("VipsOperation", "jp2ksave_buffer") != 0
                   ? specimen_saved(3, ".jp2[strip]")
                   : NULL;
    case SVG:
        return specimen_svg();
    case SVGZ:
        return specimen_svgz();
    case BMP:
        return specimen_bmp();
    case TGA:
        return specimen_tga();
    case TGA_PACKED:
        return specimen_tga_packed();
    case PSD:
        return specimen_psd();
    case PIC:
        return specimen_pic();
    case PNM:
        return specimen_pnm();
    default:
        return specimen_hdr();
    }
}

/* Reads bytes that nothing may be read behind. */
static int read_fenced(const void *bytes, size_t length, struct picture *ret_picture,
                       struct pp_error *error)
{
    struct fence fence = fence_start(bytes, length);
    struct pp_source source = {fence.bytes, length};
    struct pp_metadata metadata = PP_METADATA_NONE;
    int r;

    memset(error, 0, sizeof(*error));
    r = picture_read(&source, 1, ret_picture, &metadata, error);
    if (r != 0) {
        g_assert_cmpint(r, <, 0);
        g_assert_cmpint(strlen(error->message), >, 0);
    }
    pp_metadata_finish(&metadata);
    fence_end(&fence);
    return r;
}

static void test_every_specimen_is_read(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        GBytes *file = make_specimen(kind);
        struct picture picture;
        struct pp_error error;

        if (file == NULL) {
            continue;
        }
        if (read_fenced(g_bytes_get_data(file, NULL), g_bytes_get_size(file), &picture, &error) !=
            0) {
            g_error("specimen %d: %s", (int)kind, error.message);
        }
        g_assert_cmpint(picture.image.width, ==, SPECIMEN_WIDTH);
        g_assert_cmpint(picture.image.height, ==, SPECIMEN_HEIGHT);
        picture_free(&picture);
        g_bytes_unref(file);
    }
}

/* Cuts @file behind @length bytes. Returns whether that was noticed. */
static gboolean check_cut(enum kind kind, GBytes *file, size_t length, const struct picture *whole)
{
    struct picture part;
    struct pp_error error;
    size_t row = (size_t)whole->image.width * (size_t)whole->image.bands;

    if (read_fenced(g_bytes_get_data(file, NULL), length, &part, &error) != 0) {
        return TRUE;
    }
    for (int32_t y = 0; y < whole->image.height; y++) {
        if (memcmp(pp_image_row(&part.image, y), pp_image_row(&whole->image, y), row) != 0) {
            g_error("specimen %d cut at byte %zu of %zu is read, with another row %d", (int)kind,
                    length, g_bytes_get_size(file), (int)y);
        }
    }
    picture_free(&part);
    return FALSE;
}

static void test_a_file_that_was_cut_off_is_never_half_a_picture(void)
{
    /*
     * Whatever is cut off, the file is refused, or its picture is the whole one: some formats end
     * in bytes that the picture does not need. Those are few, and none of them may be missing from
     * the formats that say where they end.
     */
    for (enum kind kind = 0; kind < KINDS; kind++) {
        GBytes *file = make_specimen(kind);
        size_t length = file == NULL ? 0 : g_bytes_get_size(file);
        size_t places = kind == JPEG_CMYK ? 40 : 250; /* the former takes 100 ms each time */
        size_t step = length / places + 1;
        size_t unnoticed = 0;
        struct picture whole;
        struct pp_error error;

        if (file == NULL) {
            continue;
        }
        g_assert_cmpint(read_fenced(g_bytes_get_data(file, NULL), length, &whole, &error), ==, 0);
        for (size_t cut = 0; cut < length;
             cut += length - cut <= 8 ? 1 : MIN(step, length - cut - 8)) {
            unnoticed += !check_cut(kind, file, cut, &whole);
        }
        g_test_message("specimen %d: %zu of its %zu bytes are not needed", (int)kind, unnoticed,
                       length);
        if (kind <= PNG_INTERLACED) {
            g_assert_cmpint(unnoticed, ==, 0);
        }
        g_assert_cmpint(unnoticed, <=, 4);
        picture_free(&whole);
        g_bytes_unref(file);
    }
}

static void test_bytes_that_are_wrong_never_crash(void)
{
    GRand *random = g_rand_new_with_seed(4711);

    for (enum kind kind = 0; kind < KINDS; kind++) {
        GBytes *file = make_specimen(kind);
        size_t length = file == NULL ? 0 : g_bytes_get_size(file);
        int times = kind == JPEG_CMYK ? 20 : 300;
        int read = 0;

        for (int i = 0; i < times && file != NULL; i++) {
            uint8_t *bytes = g_memdup2(g_bytes_get_data(file, NULL), length);
            int count = g_rand_int_range(random, 1, 4);
            struct picture picture;
            struct pp_error error;

            /* More often in the first bytes, where sizes and offsets are. */
            for (int k = 0; k < count; k++) {
                size_t range = g_rand_boolean(random) ? length : MIN(length, 64);

                bytes[g_rand_int_range(random, 0, (int)range)] =
                    (uint8_t)g_rand_int_range(random, 0, 256);
            }
            if (read_fenced(bytes, length, &picture, &error) == 0) {
                picture_free(&picture);
                read++;
            }
            g_free(bytes);
        }
        g_test_message("specimen %d: %d of %d were read all the same", (int)kind, read, times);
        if (file != NULL) {
            g_bytes_unref(file);
        }
    }
    g_rand_free(random);
}

/* A copy of @file with @count bytes put in at @place. */
static GBytes *insert(GBytes *file, size_t place, const void *bytes, size_t count)
{
    GByteArray *array = g_byte_array_new();
    const uint8_t *all = g_bytes_get_data(file, NULL);

    g_byte_array_append(array, all, (guint)place);
    g_byte_array_append(array, bytes, (guint)count);
    g_byte_array_append(array, all + place, (guint)(g_bytes_get_size(file) - place));
    return g_byte_array_free_to_bytes(array);
}

/* Reads @file with @count bytes put in at @place and expects @expected. */
static void check_inserted(GBytes *file, size_t place, const void *bytes, size_t count,
                           int expected, const char *word)
{
    GBytes *changed = insert(file, place, bytes, count);
    struct picture picture;
    struct pp_error error;
    int r =
        read_fenced(g_bytes_get_data(changed, NULL), g_bytes_get_size(changed), &picture, &error);

    g_assert_cmpint(r, ==, expected);
    if (r == 0) {
        picture_free(&picture);
    } else {
        g_assert_nonnull(strstr(error.message, word));
    }
    g_bytes_unref(changed);
}

static void test_a_jpeg_may_have_stray_bytes_where_they_do_no_harm(void)
{
    GBytes *file = specimen_written(PP_FORMAT_JPEG);
    size_t length = g_bytes_get_size(file);
    uint8_t stray[300] = {0};

    /* Between header segments (the first comes after 2 bytes), any number; before the end marker,
     * the last 2 bytes, a few; behind it, anything. Many before the end marker are damage. */
    check_inserted(file, 20, stray, sizeof(stray), 0, NULL);
    check_inserted(file, length - 2, stray, 2, 0, NULL);
    check_inserted(file, length - 2, "\xff\xff\xff", 3, 0, NULL);
    check_inserted(file, length, stray, sizeof(stray), 0, NULL);
    check_inserted(file, length - 2, stray, sizeof(stray), -EILSEQ, "extraneous");
    g_bytes_unref(file);
}

static void test_a_cut_jpeg_says_where_it_ends(void)
{
    GBytes *file = specimen_written(PP_FORMAT_JPEG);
    struct picture picture;
    struct pp_error error;

    g_assert_cmpint(
        read_fenced(g_bytes_get_data(file, NULL), g_bytes_get_size(file) - 200, &picture, &error),
        ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "truncated JPEG: the data ends in row "));
    g_assert_nonnull(strstr(error.message, " of 48"));
    g_bytes_unref(file);
}

static void test_a_jpeg_of_a_thousand_segments_is_refused(void)
{
    GBytes *file = specimen_written(PP_FORMAT_JPEG);
    GByteArray *segments = g_byte_array_new();
    gint64 start;

    /* libjpeg's own list would take time that grows with the square of their number: 8 s for these,
     * which come to 800 kB. */
    for (int i = 0; i < 200000; i++) {
        specimen_put(segments, 0xFFE10002, 4, TRUE);
    }
    start = g_get_monotonic_time();
    check_inserted(file, 20, segments->data, segments->len, -EFBIG, "4096 segments");
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_byte_array_unref(segments);
    g_bytes_unref(file);
}

/* One scan for each coefficient and each of its bits: valid, and not what any program writes. */
static int script_scans(jpeg_scan_info *scans)
{
    int count = 0;

    scans[count++] = (jpeg_scan_info){3, {0, 1, 2}, 0, 0, 0, 0};
    for (int component = 0; component < 3; component++) {
        for (int coefficient = 1; coefficient < 64; coefficient++) {
            for (int bit = 3; bit >= 0; bit--) {
                scans[count++] = (jpeg_scan_info){
                    1, {component}, coefficient, coefficient, bit == 3 ? 0 : bit + 1, bit};
            }
        }
    }
    return count;
}

static void test_a_jpeg_of_hundreds_of_scans_is_refused(void)
{
    static jpeg_scan_info scans[800];
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t row[SPECIMEN_WIDTH * 3] = {0};
    JSAMPROW rows[1] = {row};
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    struct picture picture;
    struct pp_error error;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &length);
    jpeg.image_width = SPECIMEN_WIDTH;
    jpeg.image_height = SPECIMEN_HEIGHT;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg.num_scans = script_scans(scans);
    jpeg.scan_info = scans;
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < SPECIMEN_HEIGHT; y++) {
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    g_assert_cmpint(read_fenced(bytes, length, &picture, &error), ==, -EFBIG);
    g_assert_nonnull(strstr(error.message, "500 scans"));
    free(bytes);
}

static void test_a_png_with_a_wrong_checksum_is_refused(void)
{
    GBytes *file = specimen_written(PP_FORMAT_PNG);
    size_t length = g_bytes_get_size(file);
    uint8_t *bytes = g_memdup2(g_bytes_get_data(file, NULL), length);
    struct picture picture;
    struct pp_error error;

    /* The 4 bytes before the last chunk's 12 are the checksum of the picture's last chunk; only
     * that chunk has been unpacked wholly and well by then. */
    bytes[length - 13] ^= 1;
    g_assert_cmpint(read_fenced(bytes, length, &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "CRC"));
    g_free(bytes);
    g_bytes_unref(file);
}

static void test_a_bmp_with_colours_that_are_not_there_is_refused(void)
{
    GBytes *enough = specimen_bmp_palette(4);
    GBytes *too_few = specimen_bmp_palette(3);
    struct picture picture;
    struct pp_error error;

    /* The pixels' indices are 0 to 3; stb_image would take the fourth from memory that is not set.
     */
    g_assert_cmpint(
        read_fenced(g_bytes_get_data(enough, NULL), g_bytes_get_size(enough), &picture, &error), ==,
        0);
    picture_free(&picture);
    g_assert_cmpint(
        read_fenced(g_bytes_get_data(too_few, NULL), g_bytes_get_size(too_few), &picture, &error),
        ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "colour"));
    g_bytes_unref(enough);
    g_bytes_unref(too_few);
}

static void test_a_drawing_that_unpacks_to_too_much_is_refused(void)
{
    size_t length = 100 << 20;
    char *text = g_malloc(length);
    struct picture picture;
    struct pp_error error;
    GBytes *packed;

    /* 100 MB of spaces in a drawing: 100 kB packed. */
    memset(text, ' ', length);
    memcpy(text, "<svg>", 5);
    packed = specimen_gzip(text, length);
    g_free(text);
    g_assert_cmpint(g_bytes_get_size(packed), <, 1 << 20);
    g_assert_cmpint(
        read_fenced(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed), &picture, &error), ==,
        -EFBIG);
    g_bytes_unref(packed);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    g_test_add_func("/damage/every-specimen-is-read", test_every_specimen_is_read);
    g_test_add_func("/damage/a-file-that-was-cut-off-is-never-half-a-picture",
                    test_a_file_that_was_cut_off_is_never_half_a_picture);
    g_test_add_func("/damage/bytes-that-are-wrong-never-crash",
                    test_bytes_that_are_wrong_never_crash);
    g_test_add_func("/damage/a-jpeg-may-have-stray-bytes-where-they-do-no-harm",
                    test_a_jpeg_may_have_stray_bytes_where_they_do_no_harm);
    g_test_add_func("/damage/a-cut-jpeg-says-where-it-ends", test_a_cut_jpeg_says_where_it_ends);
    g_test_add_func("/damage/a-jpeg-of-a-thousand-segments-is-refused",
                    test_a_jpeg_of_a_thousand_segments_is_refused);
    g_test_add_func("/damage/a-jpeg-of-hundreds-of-scans-is-refused",
                    test_a_jpeg_of_hundreds_of_scans_is_refused);
    g_test_add_func("/damage/a-png-with-a-wrong-checksum-is-refused",
                    test_a_png_with_a_wrong_checksum_is_refused);
    g_test_add_func("/damage/a-bmp-with-colours-that-are-not-there-is-refused",
                    test_a_bmp_with_colours_that_are_not_there_is_refused);
    g_test_add_func("/damage/a-drawing-that-unpacks-to-too-much-is-refused",
                    test_a_drawing_that_unpacks_to_too_much_is_refused);
    return g_test_run();
}
