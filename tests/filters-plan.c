/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "filters/orientation.h"
#include "filters/thumbnail.h"
#include "tests/planning.h"

static void check_size(struct pp_size size, int32_t width, int32_t height)
{
    g_assert_cmpint(size.width, ==, width);
    g_assert_cmpint(size.height, ==, height);
}

/* From 1 to @max, small numbers as likely as large ones. */
static int32_t random_side(int32_t max)
{
    return g_test_rand_int_range(1, 1 << g_test_rand_int_range(1, 15)) % max + 1;
}

static struct pp_header random_header(void)
{
    bool is_jpeg = g_test_rand_bit();
    struct pp_header header =
        is_jpeg ? jpeg_header(random_side(20000), random_side(20000))
                : png_header(random_side(20000), random_side(20000), g_test_rand_int_range(1, 5),
                             g_test_rand_bit() ? 16 : 8);

    header.orientation = g_test_rand_int_range(1, 9);
    return header;
}

static struct pp_chain random_chain(void)
{
    struct pp_chain chain = {.count = g_test_rand_int_range(0, PP_CHAIN_STEPS_MAX + 1)};

    for (int32_t i = 0; i < chain.count; i++) {
        if (g_test_rand_bit()) {
            double sigma = g_test_rand_double_range(0, 40);

            chain.steps[i].kind = PP_STEP_BLUR;
            chain.steps[i].sigma = g_test_rand_bit() ? sigma : 0;
        } else {
            chain.steps[i].kind = PP_STEP_THUMBNAIL;
            chain.steps[i].box.width = random_side(PP_IMAGE_SIDE_MAX);
            chain.steps[i].box.height = random_side(PP_IMAGE_SIDE_MAX);
        }
    }
    return chain;
}

static enum pp_plan_mode random_mode(void)
{
    return g_test_rand_bit() ? PP_PLAN_FAST : PP_PLAN_EXACT;
}

static void test_output_is_as_large_as_the_chain_says_upright(void)
{
    for (int i = 0; i < 5000; i++) {
        struct pp_header header = random_header();
        struct pp_chain chain = random_chain();
        struct pp_plan plan = make_plan(&header, &chain, random_mode());
        struct pp_size size = pp_orientation_size(header.size, header.orientation);

        /* The chain taken literally, as the user reads it: no shrink, no orientation, no skips. */
        for (int32_t j = 0; j < chain.count; j++) {
            if (chain.steps[j].kind == PP_STEP_THUMBNAIL) {
                size = pp_thumbnail_size(size, chain.steps[j].box);
            }
        }
        check_size(plan.size, size.width, size.height);
    }
}

/* Every step starts where the one before ended, and none goes beyond the size of the file. */
static void check_steps_fit_together(const struct pp_plan *plan)
{
    struct pp_size size = pp_codec_shrunk_size(&plan->header, plan->scale.shrink);

    for (int32_t i = 0; i < plan->count; i++) {
        const struct pp_plan_step *step = &plan->steps[i];

        check_size(step->from, size.width, size.height);
        g_assert_cmpint(step->to.width, <=, plan->header.size.width);
        g_assert_cmpint(step->to.height, <=, plan->header.size.height);
        size = step->to;
    }
    size = pp_orientation_size(size, plan->header.orientation);
    check_size(plan->size, size.width, size.height);
}

static void test_steps_fit_together_and_never_enlarge(void)
{
    for (int i = 0; i < 5000; i++) {
        struct pp_header header = random_header();
        struct pp_chain chain = random_chain();
        struct pp_plan plan = make_plan(&header, &chain, random_mode());

        check_steps_fit_together(&plan);
    }
}

static void test_steps_that_change_nothing_are_left_out(void)
{
    struct pp_header header = jpeg_header(800, 600);
    struct pp_chain chain = CHAIN("blur", "0", "thumbnail", "800x600");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_EXACT);

    g_assert_cmpint(plan.count, ==, 0);
    check_size(plan.size, 800, 600);

    /* What is left out must not take others with it. */
    chain = CHAIN("thumbnail", "1000x1000", "blur", "1");
    plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    g_assert_cmpint(plan.count, ==, 1);
    g_assert_cmpint(plan.steps[0].kind, ==, PP_STEP_BLUR);
    g_assert_cmpfloat(plan.steps[0].sigma, ==, 1.0);
}

static void test_box_is_meant_upright(void)
{
    struct pp_header header = jpeg_header(4000, 3000);
    struct pp_chain chain = CHAIN("thumbnail", "300x1000");
    struct pp_plan plan;

    /* The photo stands 3000 wide and 4000 high: the box takes 300x400 of it. The pixels lie on
     * their side, so that is 400x300 there. */
    header.orientation = 6;
    plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    check_size(plan.size, 300, 400);
    check_size(plan.steps[0].from, 4000, 3000);
    check_size(plan.steps[0].to, 400, 300);

    /* Upside down is not sideways: the width of 300 binds the stored width. */
    header.orientation = 3;
    plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    check_size(plan.size, 300, 225);
    check_size(plan.steps[0].to, 300, 225);
}

static void test_exact_plan_keeps_every_step_and_pixel(void)
{
    for (int i = 0; i < 2000; i++) {
        struct pp_header header = random_header();
        struct pp_chain chain = random_chain();
        struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_EXACT);

        g_assert_cmpint(plan.scale.shrink, ==, 1);
        for (int32_t j = 0, k = 0; j < chain.count; j++) {
            /* Every blur that blurs is there, in order, with the very number of the chain. */
            if (chain.steps[j].kind == PP_STEP_BLUR && chain.steps[j].sigma > 0) {
                while (plan.steps[k].kind != PP_STEP_BLUR) {
                    k++;
                }
                g_assert_cmpint(k, <, plan.count);
                g_assert_cmpfloat(plan.steps[k++].sigma, ==, chain.steps[j].sigma);
            }
        }
    }
}

/* Whether at 1/@shrink so many decoded pixels are left for each of the thumbnail's, both ways. */
static bool are_left(const struct pp_header *header, int32_t shrink, int32_t samples,
                     struct pp_size to)
{
    return header->size.width >= samples * shrink * to.width &&
           header->size.height >= samples * shrink * to.height;
}

/* The coarsest scale that is good enough for the first step, worked out anew. */
static int32_t coarsest(const struct pp_header *header, const struct pp_plan_step *first,
                        bool *ret_means)
{
    *ret_means = true;
    for (int32_t shrink = 8; shrink > 1; shrink /= 2) {
        if (first->sigma >= 3.7 * shrink) {
            return shrink;
        }
    }
    *ret_means = false;
    for (int32_t shrink = header->shrink_max; shrink > 1; shrink /= 2) {
        if (are_left(header, shrink, 8, first->to)) {
            return shrink;
        }
    }
    *ret_means = true;
    for (int32_t shrink = 8; shrink > 1; shrink /= 2) {
        if (are_left(header, shrink, 4, first->to)) {
            return shrink;
        }
    }
    *ret_means = false;
    return 1;
}

static void test_fast_plan_decodes_as_little_as_the_first_step_allows(void)
{
    int seen[9] = {0};

    for (int i = 0; i < 5000; i++) {
        struct pp_header header = jpeg_header(random_side(20000), random_side(20000));
        struct pp_chain chain = random_chain();
        struct pp_plan plan;
        bool means;

        header.shrink_max = 1 << g_test_rand_int_range(0, 4);
        plan = make_plan(&header, &chain, PP_PLAN_FAST);
        seen[plan.scale.shrink]++;
        if (plan.count == 0) {
            g_assert_cmpint(plan.scale.shrink, ==, 1);
            continue;
        }
        g_assert_cmpint(plan.scale.shrink, ==, coarsest(&header, &plan.steps[0], &means));
        g_assert_cmpint(plan.scale.means, ==, means);
    }
    /* The random cases reached every scale that there is. */
    g_assert_cmpint(seen[1], >, 0);
    g_assert_cmpint(seen[2], >, 0);
    g_assert_cmpint(seen[4], >, 0);
    g_assert_cmpint(seen[8], >, 0);
}

/* The variance of all blurs up to the first thumbnail that changes something, in pixels of the
 * file. */
static double variance_before_thumbnail(const struct pp_plan *exact)
{
    double variance = 0;

    for (int32_t i = 0; i < exact->count && exact->steps[i].kind == PP_STEP_BLUR; i++) {
        variance += exact->steps[i].sigma * exact->steps[i].sigma;
    }
    return variance;
}

static void test_joined_steps_blur_as_much_as_the_chain(void)
{
    for (int i = 0; i < 5000; i++) {
        struct pp_header header = jpeg_header(random_side(20000), random_side(20000));
        struct pp_chain chain = random_chain();
        struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);
        const struct pp_plan_step *first = &plan.steps[0];
        struct pp_plan exact = make_plan(&header, &chain, PP_PLAN_EXACT);
        double wanted = variance_before_thumbnail(&exact);
        double area = (double)plan.scale.shrink * plan.scale.shrink;

        if (plan.scale.shrink == 1 || first->sigma == 0) {
            continue;
        }
        /* What the pass adds, and what the means were, are what the chain asks for. */
        g_assert_cmpfloat_with_epsilon(first->sigma * first->sigma, wanted, wanted * 1e-9);
        g_assert_cmpfloat_with_epsilon(first->blur.variance * area + (area - 1) / 12, wanted,
                                       wanted * 1e-9);
        g_assert_cmpfloat(first->blur.detail * plan.scale.shrink, ==, 1.0);
    }
}

static void test_thin_side_keeps_the_scale_fine(void)
{
    struct pp_header header = jpeg_header(20000, 20);
    struct pp_chain chain = CHAIN("thumbnail", "200x200");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);

    /* The long side has 100 pixels for each of the thumbnail's, the short one has 20 for one. */
    check_size(plan.size, 200, 1);
    g_assert_false(plan.scale.means);
    g_assert_cmpint(plan.scale.shrink, ==, 2);
}

static void test_a_wide_blur_needs_only_means(void)
{
    struct pp_header header = jpeg_header(8000, 6000);
    struct pp_chain chain = CHAIN("blur", "15", "thumbnail", "1200");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);

    /* One pass from a quarter of the sides to the output. */
    g_assert_cmpint(plan.count, ==, 1);
    g_assert_cmpint(plan.scale.shrink, ==, 4);
    g_assert_true(plan.scale.means);
    check_size(plan.steps[0].from, 2000, 1500);
    check_size(plan.steps[0].to, 1200, 900);

    /* Without a thumbnail it ends at the full size. */
    chain = CHAIN("blur", "30");
    plan = make_plan(&header, &chain, PP_PLAN_FAST);
    g_assert_cmpint(plan.scale.shrink, ==, 8);
    check_size(plan.steps[0].to, 8000, 6000);

    /* A blur after the thumbnail is one of the thumbnail. */
    chain = CHAIN("thumbnail", "100", "blur", "15");
    plan = make_plan(&header, &chain, PP_PLAN_FAST);
    g_assert_cmpint(plan.scale.shrink, ==, 8);
    g_assert_false(plan.scale.means);
    g_assert_cmpint(plan.steps[1].kind, ==, PP_STEP_BLUR);
    g_assert_cmpfloat(plan.steps[1].sigma, ==, 15.0);
}

static void test_what_has_no_means_is_blurred_in_full(void)
{
    struct pp_header header = png_header(2000, 1500, 4, 8);
    struct pp_chain chain = CHAIN("blur", "15", "thumbnail", "1900");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);

    /* Transparent pixels must not enter a mean. */
    g_assert_cmpint(plan.scale.shrink, ==, 1);
    g_assert_cmpint(plan.count, ==, 2);
    g_assert_cmpint(plan.steps[0].kind, ==, PP_STEP_BLUR);
}

static void test_alpha_is_filtered_at_16_bits(void)
{
    struct pp_chain blur = CHAIN("blur", "2");
    struct pp_chain empty = {0};

    for (int32_t bands = 1; bands <= 4; bands++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            struct pp_header header = png_header(100, 80, bands, bits);
            int32_t filtered = bands % 2 == 0 ? 16 : bits;

            /* Without a filter there is nothing to be careful about. */
            g_assert_cmpint(make_plan(&header, &blur, PP_PLAN_FAST).bits, ==, filtered);
            g_assert_cmpint(make_plan(&header, &empty, PP_PLAN_FAST).bits, ==, bits);
        }
    }
}

/* Bytes of an image with aligned rows, worked out anew. */
static uint64_t image_bytes(struct pp_size size, int32_t bands, int32_t bits)
{
    uint64_t row = (uint64_t)size.width * bands * (bits / 8);

    return (row + PP_IMAGE_ALIGNMENT - 1) / PP_IMAGE_ALIGNMENT * PP_IMAGE_ALIGNMENT * size.height;
}

/* Every image that the plan names fits the area that it lies in, the two taken in turn. */
static void check_memory(const struct pp_plan *plan)
{
    const struct pp_header *header = &plan->header;
    uint64_t room[2] = {plan->second_area, plan->pixel_bytes - plan->second_area};
    int area = 0;

    g_assert_cmpuint(plan->second_area % PP_IMAGE_ALIGNMENT, ==, 0);
    g_assert_cmpuint(plan->second_area, <=, plan->pixel_bytes);
    g_assert_cmpuint(
        room[0], >=,
        image_bytes(pp_codec_shrunk_size(header, plan->scale.shrink), header->bands, header->bits) *
            (plan->bits / header->bits));
    for (int32_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].kind == PP_STEP_THUMBNAIL) {
            area = !area;
            g_assert_cmpuint(room[area], >=,
                             image_bytes(plan->steps[i].to, header->bands, plan->bits));
        }
    }
    if (header->orientation > 1) {
        g_assert_cmpuint(room[!area], >=, image_bytes(plan->size, header->bands, header->bits));
    }
}

static void test_memory_covers_every_image(void)
{
    for (int i = 0; i < 5000; i++) {
        struct pp_header header = random_header();
        struct pp_chain chain = random_chain();
        struct pp_plan plan = make_plan(&header, &chain, random_mode());

        check_memory(&plan);
    }
}

static void test_memory_is_the_photo_and_little_more(void)
{
    struct pp_header header = jpeg_header(4032, 3024);
    struct pp_chain chain = CHAIN("blur", "15", "thumbnail", "1200");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    uint64_t photo = image_bytes(header.size, 3, 8);
    uint64_t thumbnail = image_bytes(plan.size, 3, 8);

    /* In place, then into the second area: nothing beside these two. */
    g_assert_cmpuint(plan.pixel_bytes, ==, photo + thumbnail);
    g_assert_cmpuint(plan.scratch_bytes, <, photo);

    /* The turned picture takes the room of the photo, which is done by then. */
    header.orientation = 6;
    plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    g_assert_cmpuint(plan.pixel_bytes, ==, photo + thumbnail);
}

static void test_same_question_gives_the_same_bytes(void)
{
    for (int i = 0; i < 1000; i++) {
        struct pp_plan_options options = {.mode = random_mode()};
        struct pp_header header = random_header();
        struct pp_chain chain = random_chain();
        struct pp_plan one;
        struct pp_plan two;

        /* Different rubbish in both before: a byte that is not written would differ after. */
        memset(&one, 0x00, sizeof(one));
        memset(&two, 0xff, sizeof(two));
        g_assert_cmpint(pp_plan_make(&header, &chain, &options, &one, NULL), ==, 0);
        g_assert_cmpint(pp_plan_make(&header, &chain, &options, &two, NULL), ==, 0);
        g_assert_cmpmem(&one, sizeof(one), &two, sizeof(two));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/output-is-as-large-as-the-chain-says-upright",
                    test_output_is_as_large_as_the_chain_says_upright);
    g_test_add_func("/plan/steps-fit-together-and-never-enlarge",
                    test_steps_fit_together_and_never_enlarge);
    g_test_add_func("/plan/steps-that-change-nothing-are-left-out",
                    test_steps_that_change_nothing_are_left_out);
    g_test_add_func("/plan/box-is-meant-upright", test_box_is_meant_upright);
    g_test_add_func("/plan/exact-plan-keeps-every-step-and-pixel",
                    test_exact_plan_keeps_every_step_and_pixel);
    g_test_add_func("/plan/fast-plan-decodes-as-little-as-the-first-step-allows",
                    test_fast_plan_decodes_as_little_as_the_first_step_allows);
    g_test_add_func("/plan/thin-side-keeps-the-scale-fine", test_thin_side_keeps_the_scale_fine);
    g_test_add_func("/plan/joined-steps-blur-as-much-as-the-chain",
                    test_joined_steps_blur_as_much_as_the_chain);
    g_test_add_func("/plan/a-wide-blur-needs-only-means", test_a_wide_blur_needs_only_means);
    g_test_add_func("/plan/what-has-no-means-is-blurred-in-full",
                    test_what_has_no_means_is_blurred_in_full);
    g_test_add_func("/plan/alpha-is-filtered-at-16-bits", test_alpha_is_filtered_at_16_bits);
    g_test_add_func("/plan/memory-covers-every-image", test_memory_covers_every_image);
    g_test_add_func("/plan/memory-is-the-photo-and-little-more",
                    test_memory_is_the_photo_and_little_more);
    g_test_add_func("/plan/same-question-gives-the-same-bytes",
                    test_same_question_gives_the_same_bytes);
    return g_test_run();
}
