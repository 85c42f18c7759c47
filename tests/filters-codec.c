/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>

#include <glib/gstdio.h>
#include <vips/vips.h>

#include "filters/vips.h"
#include "tests/pictures.h"

static const enum pp_format written[] = {PP_FORMAT_JPEG, PP_FORMAT_PNG, PP_FORMAT_WEBP,
                                         PP_FORMAT_TIFF, PP_FORMAT_AVIF};

/* An odd size: no block, tile or row of any format ends with it. */
static const struct pp_size odd = {211, 97};

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    g_assert_nonnull(tasks);
    while (readdir(tasks) != NULL) {
        count++;
    }
    closedir(tasks);
    return count - 2; /* "." and ".." */
}

static void test_starting_libvips_starts_no_thread(void)
{
    int before = count_threads();

    /* The first test: nothing else in this process has touched libvips. A process that has threads
     * cannot be forked safely, and the zygote starts libvips, then forks. */
    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    g_assert_cmpint(count_threads(), ==, before);
}

static void check_every_byte_comes_back(enum pp_format format)
{
    for (int32_t bits = 8; bits <= 16; bits += 8) {
        for (int32_t bands = 1; bands <= 4; bands++) {
            for (int noise = 0; noise < 2; noise++) {
                struct picture picture = picture_paint(odd, bands, bits, noise);
                struct pp_metadata metadata = PP_METADATA_NONE;
                GBytes *file = picture_write(&picture, format, 0, NULL);
                struct picture back = picture_read_good(file, 1, &metadata);

                picture_assert_equal(&picture, &back);
                pp_metadata_finish(&metadata);
                g_bytes_unref(file);
                picture_free(&back);
                picture_free(&picture);
            }
        }
    }
}

static void test_png_gives_back_every_byte(void)
{
    check_every_byte_comes_back(PP_FORMAT_PNG);
}

static void test_tiff_gives_back_every_byte(void)
{
    check_every_byte_comes_back(PP_FORMAT_TIFF);
}

static void check_is_close(enum pp_format format, int32_t bands, double decibels)
{
    struct picture picture = picture_paint(odd, bands, 8, FALSE);
    struct pp_metadata metadata = PP_METADATA_NONE;
    GBytes *file = picture_write(&picture, format, 90, NULL);
    struct picture back = picture_read_good(file, 1, &metadata);

    g_assert_cmpfloat(picture_psnr(&picture, &back), >, decibels);
    pp_metadata_finish(&metadata);
    g_bytes_unref(file);
    picture_free(&back);
    picture_free(&picture);
}

static void test_lossy_formats_stay_close(void)
{
    check_is_close(PP_FORMAT_JPEG, 1, 40.0);
    check_is_close(PP_FORMAT_JPEG, 3, 40.0);
    check_is_close(PP_FORMAT_WEBP, 3, 38.0);
    check_is_close(PP_FORMAT_WEBP, 4, 38.0);
    if (pp_codec_can_encode(PP_FORMAT_AVIF)) {
        check_is_close(PP_FORMAT_AVIF, 3, 38.0);
        check_is_close(PP_FORMAT_AVIF, 4, 38.0);
    }
}

/* The mean of a block of the picture, as far as it is inside. */
static double block_mean(const struct picture *picture, int32_t x, int32_t y, int32_t band,
                         int32_t side)
{
    double sum = 0.0;

    for (int32_t i = 0; i < side * side; i++) {
        sum += picture_get(picture, x * side + i % side, y * side + i / side, band);
    }
    return sum / (side * side);
}

static void test_a_jpeg_is_read_at_a_fraction(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = PP_METADATA_NONE;
    GBytes *file = picture_write(&picture, PP_FORMAT_JPEG, 95, NULL);
    struct picture whole = picture_read_good(file, 1, &metadata);

    /* Each pixel is the mean of a block of the whole picture, but for rounding: so it is read at
     * that scale, and neither shifted nor cropped. */
    for (int32_t shrink = 2; shrink <= 8; shrink *= 2) {
        struct picture small = picture_read_good(file, shrink, &metadata);

        g_assert_cmpint(small.image.width, ==, (odd.width + shrink - 1) / shrink);
        g_assert_cmpint(small.image.height, ==, (odd.height + shrink - 1) / shrink);
        for (int32_t y = 0; y < odd.height / shrink; y++) {
            for (int32_t x = 0; x < odd.width / shrink; x++) {
                for (int32_t band = 0; band < 3; band++) {
                    g_assert_cmpfloat(fabs(block_mean(&whole, x, y, band, shrink) -
                                           picture_get(&small, x, y, band)),
                                      <, 3.0);
                }
            }
        }
        picture_free(&small);
    }
    pp_metadata_finish(&metadata);
    g_bytes_unref(file);
    picture_free(&whole);
    picture_free(&picture);
}

/* What block means of @whole at 1/@shrink are, those of a part of a block at the edges included. */
static void check_means(const struct picture *whole, const struct picture *small, int32_t shrink)
{
    const struct pp_image *from = &whole->image;

    for (int32_t y = 0; y < small->image.height; y++) {
        for (int32_t x = 0; x < small->image.width; x++) {
            for (int32_t band = 0; band < from->bands; band++) {
                int32_t right = MIN((x + 1) * shrink, from->width);
                int32_t bottom = MIN((y + 1) * shrink, from->height);
                uint32_t area = (uint32_t)((right - x * shrink) * (bottom - y * shrink));
                uint32_t sum = area / 2;

                for (int32_t v = y * shrink; v < bottom; v++) {
                    for (int32_t u = x * shrink; u < right; u++) {
                        sum += picture_get(whole, u, v, band);
                    }
                }
                g_assert_cmpuint(picture_get(small, x, y, band), ==, sum / area);
            }
        }
    }
}

static void check_read_as_means(GBytes *file)
{
    struct pp_metadata metadata = PP_METADATA_NONE;
    struct picture whole = picture_read_good(file, 1, &metadata);
    struct pp_source source = source_of(file);
    struct pp_header header;

    pp_metadata_finish(&metadata);
    g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
    g_assert_true(header.means);
    for (int32_t shrink = 2; shrink <= 8; shrink *= 2) {
        struct picture small =
            picture_new(pp_codec_shrunk_size(&header, shrink), header.bands, header.bits);

        g_assert_cmpint(pp_codec_decode(&source, &header, (struct pp_decode_scale){shrink, true},
                                        &small.image, &metadata, NULL),
                        ==, 0);
        check_means(&whole, &small, shrink);
        pp_metadata_finish(&metadata);
        picture_free(&small);
    }
    picture_free(&whole);
}

static void test_jpeg_and_png_are_read_as_means_of_all_pixels(void)
{
    for (int32_t bands = 1; bands <= 3; bands += 2) {
        struct picture picture = picture_paint(odd, bands, 8, FALSE);
        struct picture deep = picture_paint(odd, bands, 16, FALSE);
        g_autoptr(GBytes) jpeg = picture_write(&picture, PP_FORMAT_JPEG, 95, NULL);
        g_autoptr(GBytes) png = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
        g_autoptr(GBytes) deep_png = picture_write(&deep, PP_FORMAT_PNG, 0, NULL);

        check_read_as_means(jpeg);
        check_read_as_means(png);
        check_read_as_means(deep_png);
        picture_free(&picture);
        picture_free(&deep);
    }
}

static void test_a_fraction_that_a_reader_lacks_is_refused(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_metadata metadata = PP_METADATA_NONE;
    GBytes *file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
    const struct pp_decode_scale half = {2, false};
    struct pp_source source = source_of(file);
    struct pp_header header;

    g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
    g_assert_cmpint(header.shrink_max, ==, 1);
    g_assert_cmpint(pp_codec_decode(&source, &header, half, &picture.image, &metadata, NULL), ==,
                    -EINVAL);
    g_bytes_unref(file);
    picture_free(&picture);
}

static void test_memory_of_another_shape_is_refused(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct picture small = picture_new((struct pp_size){odd.width, odd.height - 1}, 3, 8);
    const struct pp_decode_scale full = {1, false};

    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        struct pp_metadata metadata = PP_METADATA_NONE;
        struct pp_source source;
        struct pp_header header;
        GBytes *file;

        if (!pp_codec_can_encode(written[i])) {
            continue;
        }
        file = picture_write(&picture, written[i], 0, NULL);
        source = source_of(file);
        g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
        g_assert_cmpint(pp_codec_decode(&source, &header, full, &small.image, &metadata, NULL), ==,
                        -EINVAL);
        /* A header that lies, as that of another file would: each reader looks once more. */
        header.size.height--;
        g_assert_cmpint(pp_codec_decode(&source, &header, full, &small.image, &metadata, NULL), ==,
                        -EINVAL);
        g_bytes_unref(file);
    }
    picture_free(&small);
    picture_free(&picture);
}

static void test_the_same_picture_gives_the_same_file(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        struct picture picture = picture_paint(odd, 4, 16, FALSE);
        struct pp_metadata metadata = PP_METADATA_NONE;
        GBytes *first;
        GBytes *second;

        if (!pp_codec_can_encode(written[i])) {
            picture_free(&picture);
            continue;
        }
        /* A clock with seconds, or memory that was never set, would show in one of the two. */
        metadata.dots_per_mm = 10.0;
        first = picture_write(&picture, written[i], 0, &metadata);
        g_usleep(1100000);
        second = picture_write(&picture, written[i], 0, &metadata);
        g_assert_true(g_bytes_equal(first, second));
        g_bytes_unref(first);
        g_bytes_unref(second);
        picture_free(&picture);
    }
}

static void test_alpha_becomes_white_in_a_jpeg(void)
{
    for (int32_t bits = 8; bits <= 16; bits += 8) {
        struct picture picture = picture_new((struct pp_size){64, 16}, 4, bits);
        struct pp_metadata metadata = PP_METADATA_NONE;
        uint32_t most = bits == 16 ? 65535 : 255;
        struct picture back;
        GBytes *file;

        /* Black throughout; transparent, half and opaque from left to right. */
        for (int32_t y = 0; y < 16; y++) {
            for (int32_t x = 0; x < 64; x++) {
                for (int32_t band = 0; band < 3; band++) {
                    picture_set(&picture, x, y, band, 0);
                }
                picture_set(&picture, x, y, 3, x < 16 ? 0 : x < 48 ? most / 2 : most);
            }
        }
        file = picture_write(&picture, PP_FORMAT_JPEG, 95, NULL);
        back = picture_read_good(file, 1, &metadata);
        g_assert_cmpint(back.image.bands, ==, 3);
        g_assert_cmpint(picture_get(&back, 4, 8, 0), >=, 253);
        g_assert_cmpint(abs((int)picture_get(&back, 32, 8, 1) - 128), <=, 2);
        g_assert_cmpint(picture_get(&back, 60, 8, 2), <=, 2);
        pp_metadata_finish(&metadata);
        g_bytes_unref(file);
        picture_free(&back);
        picture_free(&picture);
    }
}

static void test_16_bits_become_8_where_the_format_has_no_more(void)
{
    static const enum pp_format formats[] = {PP_FORMAT_JPEG, PP_FORMAT_WEBP, PP_FORMAT_AVIF};
    struct picture deep = picture_paint(odd, 3, 16, FALSE);
    struct picture shallow = picture_paint(odd, 3, 8, FALSE);

    /* The same waves painted at 8 bits: rounding wrongly would be a level off everywhere, which is
     * 48 dB; taking the wrong half of each sample would be noise. */
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        struct pp_metadata metadata = PP_METADATA_NONE;
        struct picture back;
        GBytes *file;

        if (!pp_codec_can_encode(formats[i])) {
            continue;
        }
        file = picture_write(&deep, formats[i], 90, NULL);
        back = picture_read_good(file, 1, &metadata);
        g_assert_cmpint(back.image.bits, ==, 8);
        g_assert_cmpfloat(picture_psnr(&shallow, &back), >, 38.0);
        pp_metadata_finish(&metadata);
        g_bytes_unref(file);
        picture_free(&back);
    }
    picture_free(&shallow);
    picture_free(&deep);
}

static void test_a_sink_that_is_too_small_says_so(void)
{
    /* So that the last step of each format, to put EXIF into the file, meets the end as well. */
    uint8_t exif[1000] = "II*";
    struct picture picture = picture_paint(odd, 3, 8, TRUE);
    struct pp_metadata metadata = PP_METADATA_NONE;

    metadata.exif.bytes = exif;
    metadata.exif.length = sizeof(exif);
    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        GBytes *file;
        size_t whole;
        uint8_t *bytes;

        if (!pp_codec_can_encode(written[i])) {
            continue;
        }
        file = picture_write(&picture, written[i], 0, &metadata);
        whole = g_bytes_get_size(file);
        bytes = g_malloc(whole);
        for (size_t capacity = 0; capacity < whole; capacity += whole / 5 + 1) {
            struct picture copy = picture_paint(odd, 3, 8, TRUE);
            struct pp_encode_options options = {written[i], 0};
            struct pp_sink sink = {bytes, capacity, 0};
            struct pp_error error = {0};

            memset(bytes, 0x5A, whole);
            g_assert_cmpint(pp_codec_encode(&copy.image, &metadata, &options, &sink, &error), ==,
                            -ENOSPC);
            g_assert_cmpint(strlen(error.message), >, 0);
            for (size_t k = capacity; k < whole; k++) {
                g_assert_cmpint(bytes[k], ==, 0x5A);
            }
            picture_free(&copy);
        }
        g_free(bytes);
        g_bytes_unref(file);
    }
    picture_free(&picture);
}

static void test_the_announced_capacity_is_enough(void)
{
    /* Noise cannot be compressed; quality 100 keeps all of it. */
    static const struct pp_size sizes[] = {{1, 1}, {1, 300}, {300, 1}, {65, 63}, {400, 300}};

    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(sizes) && pp_codec_can_encode(written[i]); k++) {
            struct picture picture = picture_paint(sizes[k], 4, 16, TRUE);
            GBytes *file = picture_write(&picture, written[i], 100, NULL);
            double pixels = (double)sizes[k].width * sizes[k].height;

            /* What remains of the fixed part would hide a bound that grows too slowly. */
            g_assert_cmpfloat((double)g_bytes_get_size(file), <,
                              (double)pp_codec_encoded_bytes_max(written[i], sizes[k], 4, 16, 0));
            g_assert_cmpfloat((double)g_bytes_get_size(file), <, 16.0 * pixels + 4096.0);
            g_bytes_unref(file);
            picture_free(&picture);
        }
    }
}

static void test_a_picture_too_large_for_a_format_is_refused(void)
{
    struct picture picture = picture_new((struct pp_size){70000, 1}, 1, 8);
    struct pp_encode_options options = {PP_FORMAT_JPEG, 0};
    uint8_t bytes[1000];
    struct pp_sink sink = {bytes, sizeof(bytes), 0};
    struct pp_error error = {0};

    g_assert_cmpint(pp_codec_encode(&picture.image, NULL, &options, &sink, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "65500"));
    options.format = PP_FORMAT_WEBP;
    g_assert_cmpint(pp_codec_encode(&picture.image, NULL, &options, &sink, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "16383"));
    picture_free(&picture);
}

static void test_formats_that_are_only_read_cannot_be_written(void)
{
    struct picture picture = picture_paint(odd, 3, 8, FALSE);
    struct pp_encode_options options = {PP_FORMAT_GIF, 0};
    uint8_t bytes[1000];
    struct pp_sink sink = {bytes, sizeof(bytes), 0};
    struct pp_error error = {0};

    g_assert_false(pp_codec_can_encode(PP_FORMAT_GIF));
    g_assert_false(pp_codec_can_encode(PP_FORMAT_UNKNOWN));
    g_assert_true(pp_codec_can_encode(PP_FORMAT_JPEG));
    g_assert_true(pp_codec_can_encode(PP_FORMAT_PNG));
    g_assert_cmpint(pp_codec_encode(&picture.image, NULL, &options, &sink, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "gif"));
    picture_free(&picture);
}

static void test_formats_have_names_in_any_case(void)
{
    g_assert_cmpint(pp_format_from_name("jpg"), ==, PP_FORMAT_JPEG);
    g_assert_cmpint(pp_format_from_name("JPEG"), ==, PP_FORMAT_JPEG);
    g_assert_cmpint(pp_format_from_name("Png"), ==, PP_FORMAT_PNG);
    g_assert_cmpint(pp_format_from_name("webp"), ==, PP_FORMAT_WEBP);
    g_assert_cmpint(pp_format_from_name("TIFF"), ==, PP_FORMAT_TIFF);
    g_assert_cmpint(pp_format_from_name("tif"), ==, PP_FORMAT_TIFF);
    g_assert_cmpint(pp_format_from_name("avif"), ==, PP_FORMAT_AVIF);
    g_assert_cmpint(pp_format_from_name("gif"), ==, PP_FORMAT_UNKNOWN);
    g_assert_cmpint(pp_format_from_name("jp"), ==, PP_FORMAT_UNKNOWN);
    g_assert_cmpint(pp_format_from_name("jpgx"), ==, PP_FORMAT_UNKNOWN);
    g_assert_cmpint(pp_format_from_name(""), ==, PP_FORMAT_UNKNOWN);
    g_assert_cmpstr(pp_format_extension(PP_FORMAT_JPEG), ==, "jpg");
    g_assert_cmpstr(pp_format_extension(PP_FORMAT_HEIF), ==, "heic");
    g_assert_cmpstr(pp_format_extension(PP_FORMAT_UNKNOWN), ==, "");
}

static int probe(const void *bytes, size_t length, struct pp_error *error)
{
    struct pp_source source = {bytes, length};
    struct pp_header header;

    memset(error, 0, sizeof(*error));
    return pp_codec_probe(&source, &header, error);
}

static void test_what_is_no_picture_is_named_as_far_as_possible(void)
{
    struct pp_error error;

    g_assert_cmpint(probe("", 0, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "empty"));
    g_assert_cmpint(probe("%PDF-1.7\n", 9, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "PDF"));
    g_assert_cmpint(probe("PK\x03\x04 and more", 13, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "ZIP"));
    g_assert_cmpint(probe("To whom it may concern: a letter", 32, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "not an image"));
    g_assert_cmpint(probe("\xff", 1, &error), ==, -ENOTSUP);
}

/* Reads a string literal, which may hold NULs. */
#define READ_PNM(text, picture, error) read_text(text, sizeof(text) - 1, picture, error)

static int read_text(const char *text, size_t length, struct picture *picture,
                     struct pp_error *error)
{
    struct pp_source source = {(const uint8_t *)text, length};
    struct pp_metadata metadata = PP_METADATA_NONE;

    memset(error, 0, sizeof(*error));
    return picture_read(&source, 1, picture, &metadata, error);
}

static void assert_samples(struct picture *picture, int32_t bands, int32_t bits, uint32_t first,
                           uint32_t second)
{
    g_assert_cmpint(picture->image.bands, ==, bands);
    g_assert_cmpint(picture->image.bits, ==, bits);
    g_assert_cmpint(picture_get(picture, 0, 0, 0), ==, first);
    g_assert_cmpint(picture_get(picture, 1, 0, bands - 1), ==, second);
    picture_free(picture);
}

static void test_a_pnm_is_read_up_to_its_white(void)
{
    struct picture picture;
    struct pp_error error;

    g_assert_cmpint(READ_PNM("P5 2 1 255\n\x07\xfe", &picture, &error), ==, 0);
    assert_samples(&picture, 1, 8, 7, 254);
    g_assert_cmpint(READ_PNM("P6#a\n2#b\r1\t255\n\1\2\3\4\5\6", &picture, &error), ==, 0);
    assert_samples(&picture, 3, 8, 1, 6);
    g_assert_cmpint(READ_PNM("P5 2 1 65535\n\x01\x02\xff\xfe", &picture, &error), ==, 0);
    assert_samples(&picture, 1, 16, 0x0102, 0xfffe);
    g_assert_cmpint(READ_PNM("P5 2 1 15\n\x01\x0f", &picture, &error), ==, 0);
    assert_samples(&picture, 1, 8, 17, 255);
    g_assert_cmpint(READ_PNM("P5 2 1 1023\n\x00\x00\x03\xff", &picture, &error), ==, 0);
    assert_samples(&picture, 1, 16, 0, 65535);
}

static void test_a_pnm_that_is_not_whole_is_refused(void)
{
    struct picture picture;
    struct pp_error error;

    g_assert_cmpint(READ_PNM("P5 2 1 255\n\x07", &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "truncated PNM"));
    g_assert_cmpint(READ_PNM("P5 2 1 255", &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "truncated PNM"));
    g_assert_cmpint(READ_PNM("P5 2 x 255\n\x07\x08", &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "corrupt PNM"));
    g_assert_cmpint(READ_PNM("P5 4294967298 1 255\n\x07\x08", &picture, &error), ==, -EILSEQ);
    g_assert_cmpint(READ_PNM("P5 2 1 65536\n\0\0\0\0", &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "65536"));
    g_assert_cmpint(READ_PNM("P5 2 1 15\n\x01\x10", &picture, &error), ==, -EILSEQ);
    g_assert_nonnull(strstr(error.message, "lighter than white"));
    g_assert_cmpint(READ_PNM("P5 0 1 255\n\x07", &picture, &error), ==, -EILSEQ);
    g_assert_cmpint(READ_PNM("P5-day forecast", &picture, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "not an image"));
}

static void test_imagemagick_stays_blocked(void)
{
    static const char pixmap[] = "P6 1 1 255 abc";
    VipsBlob *blob = vips_blob_new(NULL, pixmap, sizeof(pixmap) - 1);
    VipsImage *image = NULL;

    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    /* ImageMagick would read this; called by name, it says that it must not, or is not there. */
    g_assert_cmpint(vips_call("magickload_buffer", blob, &image, NULL), ==, -1);
    g_assert_true(strstr(vips_error_buffer(), "blocked") != NULL ||
                  strstr(vips_error_buffer(), "not found") != NULL);
    vips_error_clear();
    vips_area_unref(VIPS_AREA(blob));
}

static void test_a_drawing_cannot_fetch_files(void)
{
    struct picture red = picture_new((struct pp_size){8, 8}, 3, 8);
    struct pp_metadata metadata = PP_METADATA_NONE;
    char *path = g_strdup_printf("%s/pixpool-test-%d.png", g_get_tmp_dir(), (int)getpid());
    char *text = g_strdup_printf(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' "
        "width='8' height='8'><image xlink:href='file://%s' width='8' height='8'/></svg>",
        path);
    GBytes *secret = picture_write(&red, PP_FORMAT_PNG, 0, NULL);
    GBytes *drawing = g_bytes_new_take(text, strlen(text));
    struct picture drawn;

    g_assert_true(g_file_set_contents(path, g_bytes_get_data(secret, NULL),
                                      (gssize)g_bytes_get_size(secret), NULL));
    drawn = picture_read_good(drawing, 1, &metadata);
    /* Fully transparent: had the file been drawn, every pixel of it would be opaque. */
    for (int32_t i = 0; i < 64; i++) {
        g_assert_cmpint(picture_get(&drawn, i % 8, i / 8, 3), ==, 0);
    }
    g_remove(path);
    g_free(path);
    g_bytes_unref(secret);
    g_bytes_unref(drawing);
    pp_metadata_finish(&metadata);
    picture_free(&drawn);
    picture_free(&red);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/codec/starting-libvips-starts-no-thread",
                    test_starting_libvips_starts_no_thread);
    g_test_add_func("/codec/png-gives-back-every-byte", test_png_gives_back_every_byte);
    g_test_add_func("/codec/tiff-gives-back-every-byte", test_tiff_gives_back_every_byte);
    g_test_add_func("/codec/lossy-formats-stay-close", test_lossy_formats_stay_close);
    g_test_add_func("/codec/a-jpeg-is-read-at-a-fraction", test_a_jpeg_is_read_at_a_fraction);
    g_test_add_func("/codec/jpeg-and-png-are-read-as-means-of-all-pixels",
                    test_jpeg_and_png_are_read_as_means_of_all_pixels);
    g_test_add_func("/codec/a-fraction-that-a-reader-lacks-is-refused",
                    test_a_fraction_that_a_reader_lacks_is_refused);
    g_test_add_func("/codec/memory-of-another-shape-is-refused",
                    test_memory_of_another_shape_is_refused);
    g_test_add_func("/codec/the-same-picture-gives-the-same-file",
                    test_the_same_picture_gives_the_same_file);
    g_test_add_func("/codec/alpha-becomes-white-in-a-jpeg", test_alpha_becomes_white_in_a_jpeg);
    g_test_add_func("/codec/16-bits-become-8-where-the-format-has-no-more",
                    test_16_bits_become_8_where_the_format_has_no_more);
    g_test_add_func("/codec/a-sink-that-is-too-small-says-so",
                    test_a_sink_that_is_too_small_says_so);
    g_test_add_func("/codec/the-announced-capacity-is-enough",
                    test_the_announced_capacity_is_enough);
    g_test_add_func("/codec/a-picture-too-large-for-a-format-is-refused",
                    test_a_picture_too_large_for_a_format_is_refused);
    g_test_add_func("/codec/formats-that-are-only-read-cannot-be-written",
                    test_formats_that_are_only_read_cannot_be_written);
    g_test_add_func("/codec/formats-have-names-in-any-case", test_formats_have_names_in_any_case);
    g_test_add_func("/codec/what-is-no-picture-is-named-as-far-as-possible",
                    test_what_is_no_picture_is_named_as_far_as_possible);
    g_test_add_func("/codec/a-pnm-is-read-up-to-its-white", test_a_pnm_is_read_up_to_its_white);
    g_test_add_func("/codec/a-pnm-that-is-not-whole-is-refused",
                    test_a_pnm_that_is_not_whole_is_refused);
    g_test_add_func("/codec/imagemagick-stays-blocked", test_imagemagick_stays_blocked);
    g_test_add_func("/codec/a-drawing-cannot-fetch-files", test_a_drawing_cannot_fetch_files);
    return g_test_run();
}
