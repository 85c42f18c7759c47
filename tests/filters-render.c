/* SPDX-License-Identifier: MIT */
#include "filters/orientation.h"
#include "tests/reference.h"
#include "tests/rendering.h"

/* Slow waves, fast waves and noise of 20 levels up and down, more than cameras make; away from
 * black and white, as most of a photo is. The noise is the same in every run: what is compared
 * with a bound has one value then, not a spread. */
static struct picture paint(struct pp_size size, int32_t bands, int32_t bits)
{
    struct picture picture = picture_new(size, bands, bits);
    g_autoptr(GRand) noise = g_rand_new_with_seed(1);
    double level = bits == 16 ? 257 : 1;

    for (int32_t y = 0; y < size.height; y++) {
        for (int32_t x = 0; x < size.width; x++) {
            for (int32_t band = 0; band < bands; band++) {
                double slow = 30 * sin(x * 0.021 + band) + 30 * cos(y * 0.017 - band);
                double fast = 12 * sin(x * 0.9 + y * 0.4) * cos(y * 0.7 + band);
                double value = 128 + slow + fast + g_rand_double_range(noise, -20, 20);

                picture_set(&picture, x, y, band, (uint32_t)(value * level));
            }
        }
    }
    return picture;
}

/* The largest difference of two pictures of one shape, in levels. */
static double largest_difference(const struct picture *a, const struct picture *b)
{
    double largest = 0;

    g_assert_cmpint(a->image.width, ==, b->image.width);
    g_assert_cmpint(a->image.height, ==, b->image.height);
    for (int32_t y = 0; y < a->image.height; y++) {
        for (int32_t i = 0; i < a->image.width * a->image.bands; i++) {
            int32_t x = i / a->image.bands;
            int32_t band = i % a->image.bands;
            double difference =
                (double)picture_get(a, x, y, band) - (double)picture_get(b, x, y, band);

            largest = MAX(largest, fabs(difference));
        }
    }
    return largest;
}

/* An EXIF structure with the orientation alone. */
static void set_orientation(struct pp_metadata *metadata, int32_t orientation)
{
    uint8_t exif[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1};

    exif[18] = (uint8_t)orientation;
    g_assert_cmpint(pp_blob_set(&metadata->exif, exif, sizeof(exif)), ==, 0);
}

static void test_empty_chain_loses_nothing(void)
{
    struct pp_chain empty = {0};

    /* Noise in every shape that there is, alpha as well: any step on the way that rounds,
     * multiplies or converts changes some sample. */
    for (int32_t bands = 1; bands <= 4; bands++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            struct picture picture = picture_paint((struct pp_size){37, 23}, bands, bits, true);
            g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
            struct picture result = render_picture(file, &empty, PP_PLAN_FAST);

            picture_assert_equal(&picture, &result);
            picture_free(&picture);
            picture_free(&result);
        }
    }
}

/* The exact plan's picture is within @levels (of 255) of the reference, in every sample. */
static void check_against_reference(int32_t bands, int32_t bits, const struct pp_chain *chain,
                                    double levels)
{
    struct picture picture = paint((struct pp_size){150, 111}, bands, bits);
    g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
    struct picture result = render_picture(file, chain, PP_PLAN_EXACT);
    int32_t width = result.image.width;
    double level = bits == 16 ? 257 : 1;

    for (int32_t band = 0; band < bands; band++) {
        struct plane plane = reference_picture(&picture, band, chain);

        for (int32_t i = 0; i < width * result.image.height; i++) {
            double is = picture_get(&result, i % width, i / width, band) / level;

            g_assert_cmpfloat_with_epsilon(is, plane.samples[i] / level, levels);
        }
        g_free(plane.samples);
    }
    picture_free(&picture);
    picture_free(&result);
}

static void test_exact_plan_matches_a_plain_reference(void)
{
    const struct pp_chain chains[] = {
        CHAIN("blur", "3"),
        CHAIN("thumbnail", "50"),
        CHAIN("blur", "2.5", "thumbnail", "40x"),
        CHAIN("thumbnail", "x70", "blur", "1.2", "thumbnail", "21"),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(chains); i++) {
        /* One level for each step's rounding at 8 bits; at 16 that hardly counts. */
        check_against_reference(3, 8, &chains[i], 1.0 * chains[i].count);
        check_against_reference(3, 16, &chains[i], 0.3 * chains[i].count);
        /* With alpha, which is never near 0 in this picture, 8 bits are filtered at 16 as well. */
        check_against_reference(4, 8, &chains[i], 1.5);
        check_against_reference(2, 16, &chains[i], 0.3 * chains[i].count);
    }
}

/* The picture, told to lie as @orientation says, comes out as if it were turned afterwards. */
static void check_orientation(const struct picture *picture, int32_t orientation)
{
    /* The box binds one side only, so that width taken for height would show. */
    struct pp_chain upright = CHAIN("blur", "1.5", "thumbnail", "24x");
    struct pp_chain stored = CHAIN("blur", "1.5", "thumbnail", orientation < 5 ? "24x" : "x24");
    struct pp_metadata metadata = PP_METADATA_NONE;
    g_autoptr(GBytes) plain = picture_write(picture, PP_FORMAT_JPEG, 92, NULL);
    g_autoptr(GBytes) told = NULL;
    struct picture filtered = render_picture(plain, &stored, PP_PLAN_EXACT);
    struct pp_size size = {filtered.image.width, filtered.image.height};
    struct picture expected = picture_new(pp_orientation_size(size, orientation), 3, 8);
    struct picture result;

    set_orientation(&metadata, orientation);
    told = picture_write(picture, PP_FORMAT_JPEG, 92, &metadata);
    result = render_picture(told, &upright, PP_PLAN_EXACT);
    pp_orientation_apply(&filtered.image, orientation, &expected.image);
    g_assert_cmpint(result.image.width, ==, 24);
    picture_assert_equal(&expected, &result);
    pp_metadata_finish(&metadata);
    picture_free(&filtered);
    picture_free(&expected);
    picture_free(&result);
}

static void test_eight_orientations_give_the_upright_picture(void)
{
    struct picture picture = paint((struct pp_size){64, 40}, 3, 8);

    for (int32_t orientation = 1; orientation <= 8; orientation++) {
        check_orientation(&picture, orientation);
    }
    picture_free(&picture);
}

/* Left of @middle opaque red, right of it transparent green. */
static struct picture paint_hidden_green(struct pp_size size, int32_t middle)
{
    struct picture picture = picture_new(size, 4, 8);

    for (int32_t y = 0; y < size.height; y++) {
        for (int32_t x = 0; x < size.width; x++) {
            picture_set(&picture, x, y, 0, x < middle ? 255 : 0);
            picture_set(&picture, x, y, 1, x < middle ? 0 : 255);
            picture_set(&picture, x, y, 2, 0);
            picture_set(&picture, x, y, 3, x < middle ? 255 : 0);
        }
    }
    return picture;
}

static void test_colour_of_transparent_pixels_never_shows(void)
{
    struct pp_chain chain = CHAIN("blur", "4", "thumbnail", "32", "blur", "1");
    struct picture picture = paint_hidden_green((struct pp_size){96, 64}, 48);
    g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
    struct picture result = render_picture(file, &chain, PP_PLAN_FAST);
    int32_t mixed = 0;

    /* Any green in the result has bled; and what is half seen is as red as what is seen. */
    for (int32_t y = 0; y < result.image.height; y++) {
        for (int32_t x = 0; x < result.image.width; x++) {
            uint32_t alpha = picture_get(&result, x, y, 3);

            g_assert_cmpuint(picture_get(&result, x, y, 1), ==, 0);
            if (alpha > 0 && alpha < 255) {
                g_assert_cmpuint(picture_get(&result, x, y, 0), >=, 253);
                mixed++;
            }
        }
    }
    g_assert_cmpint(mixed, >, 32);
    picture_free(&picture);
    picture_free(&result);
}

/* The fast plan decodes at 1/@shrink and keeps its promise. */
static void check_fast(GBytes *file, const struct pp_chain *chain, int32_t shrink)
{
    struct picture exact = render_picture(file, chain, PP_PLAN_EXACT);
    struct picture fast = render_picture(file, chain, PP_PLAN_FAST);

    g_assert_cmpint(plan_for(file, chain, PP_PLAN_FAST, PP_FORMAT_PNG).scale.shrink, ==, shrink);
    g_assert_cmpfloat(picture_psnr(&exact, &fast), >=, 55);
    g_assert_cmpfloat(largest_difference(&exact, &fast), <=, 2);
    picture_free(&exact);
    picture_free(&fast);
}

static void test_fast_plan_is_within_55_db_of_exact(void)
{
    const struct pp_chain full_means = CHAIN("thumbnail", "180");
    const struct pp_chain half = CHAIN("thumbnail", "100");
    const struct pp_chain quarter = CHAIN("thumbnail", "50");
    const struct pp_chain eighth = CHAIN("thumbnail", "25", "blur", "0.7");
    /* The second leaves a part of a pixel at the end of both sides, at each scale. */
    const struct pp_size sizes[] = {{1600, 1280}, {1605, 1283}};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct picture picture = paint(sizes[i], 3, 8);
        g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_JPEG, 92, NULL);

        check_fast(file, &full_means, 2);
        check_fast(file, &half, 2);
        check_fast(file, &quarter, 4);
        check_fast(file, &eighth, 8);
        picture_free(&picture);
    }
}

/* The part of @picture that is @border pixels away from its edges; in the same memory. */
static struct picture inner_part(const struct picture *picture, int32_t border)
{
    struct picture part = *picture;

    part.image.pixels = pp_image_row(&part.image, border);
    part.image.pixels += (size_t)border * (size_t)part.image.bands;
    part.image.width -= 2 * border;
    part.image.height -= 2 * border;
    return part;
}

/* The fast plan works on means of @shrink x @shrink pixels and keeps its promise, which is about
 * what lies @border pixels and more inside. */
static void check_blurred(GBytes *file, const struct pp_chain *chain, int32_t shrink,
                          int32_t border)
{
    struct pp_plan plan = plan_for(file, chain, PP_PLAN_FAST, PP_FORMAT_PNG);
    struct picture exact = render_picture(file, chain, PP_PLAN_EXACT);
    struct picture fast = render_picture(file, chain, PP_PLAN_FAST);
    struct picture exact_part = inner_part(&exact, border);
    struct picture fast_part = inner_part(&fast, border);

    g_assert_cmpint(plan.scale.shrink, ==, shrink);
    g_assert_cmpint(plan.scale.means, ==, shrink > 1);
    g_assert_cmpint(plan.count, ==, 1);
    g_assert_cmpfloat(picture_psnr(&exact_part, &fast_part), >=, 55);
    g_assert_cmpfloat(largest_difference(&exact_part, &fast_part), <=, 2);
    picture_free(&exact);
    picture_free(&fast);
}

static void test_fast_blur_is_within_55_db_of_exact(void)
{
    const struct pp_chain narrow = CHAIN("blur", "3", "thumbnail", "150");
    const struct pp_chain wide = CHAIN("blur", "15", "thumbnail", "240");
    const struct pp_chain wider = CHAIN("blur", "20", "blur", "23", "thumbnail", "300");
    const struct pp_chain alone = CHAIN("blur", "8");
    struct picture picture = paint((struct pp_size){603, 482}, 3, 8);
    const enum pp_format formats[] = {PP_FORMAT_JPEG, PP_FORMAT_PNG};

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GBytes) file = picture_write(&picture, formats[i], 92, NULL);

        check_blurred(file, &narrow, 1, 4);
        check_blurred(file, &wide, 4, 20);
        check_blurred(file, &wider, 8, 47);
        check_blurred(file, &alone, 2, 26);
    }
    picture_free(&picture);
}

/* Noise around black, half of which is cut off: what a decoder that takes means first gets wrong.
 */
static void test_fast_blur_is_right_where_colours_are_cut_off(void)
{
    const struct pp_chain chain = CHAIN("blur", "15", "thumbnail", "240");
    struct picture picture = paint((struct pp_size){603, 482}, 3, 8);
    g_autoptr(GBytes) file = NULL;

    for (int32_t y = 0; y < picture.image.height; y++) {
        for (int32_t x = 0; x < picture.image.width; x++) {
            for (int32_t band = 0; band < 3; band++) {
                int32_t level = ((int32_t)picture_get(&picture, x, y, band) - 128) / 2;

                picture_set(&picture, x, y, band, (uint32_t)MAX(level, 0));
            }
        }
    }
    file = picture_write(&picture, PP_FORMAT_JPEG, 75, NULL);
    check_blurred(file, &chain, 4, 20);
    picture_free(&picture);
}

static void test_one_pass_is_what_two_passes_are(void)
{
    const struct pp_chain chain = CHAIN("blur", "2.5", "thumbnail", "90x90");
    struct picture picture = paint((struct pp_size){401, 302}, 1, 8);
    g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);
    struct picture result = render_picture(file, &chain, PP_PLAN_FAST);
    struct plane truth = reference_band(&picture, 0, false, &chain);

    g_assert_cmpint(plan_for(file, &chain, PP_PLAN_FAST, PP_FORMAT_PNG).count, ==, 1);
    for (int32_t y = 3; y < truth.size.height - 3; y++) {
        for (int32_t x = 3; x < truth.size.width - 3; x++) {
            g_assert_cmpfloat_with_epsilon(truth.samples[y * truth.size.width + x],
                                           picture_get(&result, x, y, 0), 0.6);
        }
    }
    g_free(truth.samples);
    picture_free(&picture);
    picture_free(&result);
}

/* Changes the size that the frame header of a JPEG declares; its blocks stay. */
static GBytes *declare_size(GBytes *file, struct pp_size size)
{
    GByteArray *array = g_bytes_unref_to_array(file);
    size_t i = 2;

    while (array->data[i + 1] != 0xc0 && array->data[i + 1] != 0xc2) {
        i += 2 + (size_t)array->data[i + 2] * 256 + array->data[i + 3];
    }
    array->data[i + 5] = (uint8_t)(size.height >> 8);
    array->data[i + 6] = (uint8_t)size.height;
    array->data[i + 7] = (uint8_t)(size.width >> 8);
    array->data[i + 8] = (uint8_t)size.width;
    return g_byte_array_free_to_bytes(array);
}

static void test_filling_of_the_last_blocks_never_shows(void)
{
    const struct pp_chain chain = CHAIN("thumbnail", "25");
    const struct pp_size whole = {1608, 1288};
    const struct pp_size declared = {1601, 1281};
    struct picture picture = paint(whole, 3, 8);
    g_autoptr(GBytes) file = NULL;

    /* Of the last 8 columns and rows, which are one block, the file declares only the first to be
     * picture; the rest is magenta. So at 1/8 the last decoded ones are magenta by 7 parts in 8, as
     * they are in the files of some encoders. */
    for (int32_t y = 0; y < whole.height; y++) {
        for (int32_t x = y < declared.height ? declared.width : 0; x < whole.width; x++) {
            picture_set(&picture, x, y, 0, 255);
            picture_set(&picture, x, y, 1, 0);
            picture_set(&picture, x, y, 2, 255);
        }
    }
    file = declare_size(picture_write(&picture, PP_FORMAT_JPEG, 92, NULL), declared);
    check_fast(file, &chain, 8);
    picture_free(&picture);
}

static struct pp_chain random_chain(void)
{
    struct pp_chain chain = {.count = g_test_rand_int_range(0, 6)};

    for (int32_t i = 0; i < chain.count; i++) {
        if (g_test_rand_bit()) {
            chain.steps[i].kind = PP_STEP_BLUR;
            chain.steps[i].sigma = g_test_rand_double_range(0, 12);
        } else {
            chain.steps[i].kind = PP_STEP_THUMBNAIL;
            chain.steps[i].box.width = g_test_rand_int_range(1, 200);
            chain.steps[i].box.height = g_test_rand_int_range(1, 200);
        }
    }
    return chain;
}

static void test_plans_memory_is_enough_for_any_shape_and_chain(void)
{
    /* The guards, and the sanitizers where they are on, are what looks here. */
    for (int i = 0; i < 300; i++) {
        bool is_jpeg = g_test_rand_bit();
        struct pp_size size = {g_test_rand_int_range(1, 200), g_test_rand_int_range(1, 200)};
        int32_t bands = is_jpeg ? 3 : g_test_rand_int_range(1, 5);
        int32_t bits = !is_jpeg && g_test_rand_bit() ? 16 : 8;
        struct picture picture = picture_paint(size, bands, bits, true);
        struct pp_chain chain = random_chain();
        struct pp_metadata metadata = PP_METADATA_NONE;
        g_autoptr(GBytes) file = NULL;
        struct picture result;

        set_orientation(&metadata, g_test_rand_int_range(1, 9));
        file = picture_write(&picture, is_jpeg ? PP_FORMAT_JPEG : PP_FORMAT_PNG, 0, &metadata);
        result = render_picture(file, &chain, g_test_rand_bit() ? PP_PLAN_FAST : PP_PLAN_EXACT);
        g_assert_cmpint(result.image.bands, ==, bands);
        g_assert_cmpint(result.image.bits, ==, bits);
        pp_metadata_finish(&metadata);
        picture_free(&picture);
        picture_free(&result);
    }
}

/* A JPEG of 90x60 that lies on its side, with a profile of 500 bytes. */
static GBytes *sideways_photo(void)
{
    struct picture picture = paint((struct pp_size){90, 60}, 3, 8);
    struct pp_metadata metadata = PP_METADATA_NONE;
    uint8_t profile[500];
    GBytes *file;

    for (size_t i = 0; i < sizeof(profile); i++) {
        profile[i] = (uint8_t)(i * 7);
    }
    set_orientation(&metadata, 6);
    g_assert_cmpint(pp_blob_set(&metadata.icc, profile, sizeof(profile)), ==, 0);
    file = picture_write(&picture, PP_FORMAT_JPEG, 92, &metadata);
    pp_metadata_finish(&metadata);
    picture_free(&picture);
    return file;
}

static void test_metadata_stays_and_is_made_true(void)
{
    struct pp_chain chain = CHAIN("thumbnail", "30");
    g_autoptr(GBytes) file = sideways_photo();
    struct pp_plan plan = plan_for(file, &chain, PP_PLAN_FAST, PP_FORMAT_JPEG);
    g_autoptr(GBytes) output = render_file(&plan, file);
    struct pp_source source = source_of(output);
    struct pp_metadata before = PP_METADATA_NONE;
    struct pp_metadata after = PP_METADATA_NONE;
    struct picture was = picture_read_good(file, 1, &before);
    struct picture is = picture_read_good(output, 1, &after);
    struct pp_header header;

    g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
    /* Turned once: a viewer that turned it again would lay it on its side. */
    g_assert_cmpint(header.orientation, ==, 1);
    g_assert_cmpint(header.size.width, ==, 20);
    g_assert_cmpint(header.size.height, ==, 30);
    g_assert_cmpmem(after.icc.bytes, after.icc.length, before.icc.bytes, before.icc.length);
    g_assert_cmpuint(after.icc.length, ==, 500);
    g_assert_cmpuint(after.exif.length, >, 0);
    pp_metadata_finish(&before);
    pp_metadata_finish(&after);
    picture_free(&was);
    picture_free(&is);
}

static void test_sink_that_is_too_small_is_an_error(void)
{
    const enum pp_format formats[] = {PP_FORMAT_JPEG, PP_FORMAT_PNG};
    struct pp_chain chain = CHAIN("thumbnail", "30");
    g_autoptr(GBytes) file = sideways_photo();

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        struct pp_plan plan = plan_for(file, &chain, PP_PLAN_FAST, formats[i]);
        g_autoptr(GBytes) whole = render_file(&plan, file);
        size_t length = g_bytes_get_size(whole);
        const size_t capacities[] = {0, 1, length / 2, length - 1};

        for (size_t j = 0; j < G_N_ELEMENTS(capacities); j++) {
            struct pp_error error = {0};
            int r = render_into(&plan, file, capacities[j], NULL, NULL, NULL, &error);

            g_assert_cmpint(r, ==, -ENOSPC);
            g_assert_cmpint(error.code, ==, -ENOSPC);
        }
    }
}

static void test_broken_source_is_an_error(void)
{
    struct pp_chain chain = CHAIN("blur", "2");
    g_autoptr(GBytes) file = sideways_photo();
    g_autoptr(GBytes) part = g_bytes_new_from_bytes(file, 0, g_bytes_get_size(file) * 3 / 4);
    struct pp_plan plan = plan_for(file, &chain, PP_PLAN_FAST, PP_FORMAT_PNG);
    struct pp_error error = {0};

    /* The header and the metadata are whole, so the failure comes late: leaks would show. */
    g_assert_cmpint(render_into(&plan, part, plan.output_bytes, NULL, NULL, NULL, &error), ==,
                    -EILSEQ);
    g_assert_cmpint(error.code, ==, -EILSEQ);
}

static void test_same_plan_gives_the_same_bytes(void)
{
    struct pp_chain chain = CHAIN("blur", "1.5", "thumbnail", "40");
    g_autoptr(GBytes) file = sideways_photo();
    struct pp_plan plan = plan_for(file, &chain, PP_PLAN_FAST, PP_FORMAT_JPEG);
    g_autoptr(GBytes) one = render_file(&plan, file);
    g_autoptr(GBytes) two = render_file(&plan, file);

    g_assert_true(g_bytes_equal(one, two));
}

static void note_phase(void *user, const char *phase)
{
    g_string_append_printf(user, "%s ", phase);
}

static void test_phases_are_told_in_order(void)
{
    struct pp_chain chain = CHAIN("blur", "1.5", "thumbnail", "40", "blur", "1");
    g_autoptr(GBytes) file = sideways_photo();
    g_autoptr(GBytes) output = NULL;
    g_autoptr(GString) phases = g_string_new("");
    struct pp_plan plan = plan_for(file, &chain, PP_PLAN_FAST, PP_FORMAT_JPEG);

    g_assert_cmpint(render_into(&plan, file, plan.output_bytes, note_phase, phases, &output, NULL),
                    ==, 0);
    g_assert_cmpstr(phases->str, ==, "decode resample blur orient encode ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/render/empty-chain-loses-nothing", test_empty_chain_loses_nothing);
    g_test_add_func("/render/exact-plan-matches-a-plain-reference",
                    test_exact_plan_matches_a_plain_reference);
    g_test_add_func("/render/eight-orientations-give-the-upright-picture",
                    test_eight_orientations_give_the_upright_picture);
    g_test_add_func("/render/colour-of-transparent-pixels-never-shows",
                    test_colour_of_transparent_pixels_never_shows);
    g_test_add_func("/render/fast-plan-is-within-55-db-of-exact",
                    test_fast_plan_is_within_55_db_of_exact);
    g_test_add_func("/render/fast-blur-is-within-55-db-of-exact",
                    test_fast_blur_is_within_55_db_of_exact);
    g_test_add_func("/render/fast-blur-is-right-where-colours-are-cut-off",
                    test_fast_blur_is_right_where_colours_are_cut_off);
    g_test_add_func("/render/one-pass-is-what-two-passes-are",
                    test_one_pass_is_what_two_passes_are);
    g_test_add_func("/render/filling-of-the-last-blocks-never-shows",
                    test_filling_of_the_last_blocks_never_shows);
    g_test_add_func("/render/plans-memory-is-enough-for-any-shape-and-chain",
                    test_plans_memory_is_enough_for_any_shape_and_chain);
    g_test_add_func("/render/metadata-stays-and-is-made-true",
                    test_metadata_stays_and_is_made_true);
    g_test_add_func("/render/sink-that-is-too-small-is-an-error",
                    test_sink_that_is_too_small_is_an_error);
    g_test_add_func("/render/broken-source-is-an-error", test_broken_source_is_an_error);
    g_test_add_func("/render/same-plan-gives-the-same-bytes", test_same_plan_gives_the_same_bytes);
    g_test_add_func("/render/phases-are-told-in-order", test_phases_are_told_in_order);
    return g_test_run();
}
