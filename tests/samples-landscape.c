/* SPDX-License-Identifier: MIT */

/*
 * The sample photos: that tiles fit together, that all workers paint the same, and that what comes
 * out is like a photo where the programs under test could tell the difference.
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"
#include "samples/camera_exif.h"
#include "samples/landscape/landscape.h"
#include "samples/paint_task.h"
#include "samples/photo_file.h"

#define WIDTH  240
#define HEIGHT 160

struct picture {
    uint8_t rgb[HEIGHT][WIDTH][3];
};

static const struct pp_task_function functions[] = {
    {"paint-tile", paint_tile},
    {"write-photo", paint_write},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

static const struct scene *scene(const char *name)
{
    uint32_t index;
    const struct scene *found = scene_find(name, &index);

    g_assert_nonnull(found);
    g_assert_true(scene_at(index) == found);
    return found;
}

/* Paint a tile, with memory for its work that is full of @dirt. */
static void paint(const struct scene *from, struct landscape_tile tile, struct picture *out,
                  int dirt)
{
    struct landscape_canvas canvas = {&out->rgb[0][0][0], 3, (ptrdiff_t)3 * WIDTH};
    size_t bytes = landscape_scratch_bytes(HEIGHT);
    void *scratch = g_aligned_alloc0(1, bytes, 64);

    memset(scratch, dirt, bytes);
    landscape_paint(from, WIDTH, HEIGHT, &tile, &canvas, scratch);
    g_aligned_free(scratch);
}

static void paint_whole(const struct scene *from, struct picture *out)
{
    paint(from, (struct landscape_tile){0, 0, WIDTH, HEIGHT}, out, 0);
}

static void test_tiles_are_the_whole(void)
{
    static struct picture whole;
    static struct picture tiled;

    /*
     * 53 and 71 divide neither side, so there are narrow tiles at the edges; from the last to the
     * first, so a tile that relied on what its neighbour left behind would show. The dirt shows
     * memory that is read before it is written.
     */
    for (uint32_t i = 0; scene_at(i); i++) {
        paint_whole(scene_at(i), &whole);
        memset(&tiled, 0, sizeof(tiled));
        for (int32_t y = HEIGHT / 71 * 71; y >= 0; y -= 71) {
            for (int32_t x = WIDTH / 53 * 53; x >= 0; x -= 53) {
                struct landscape_tile tile = {x, y, MIN(53, WIDTH - x), MIN(71, HEIGHT - y)};

                paint(scene_at(i), tile, &tiled, 0x7F);
            }
        }
        g_assert_cmpmem(&whole, sizeof(whole), &tiled, sizeof(tiled));
    }
}

static void test_a_tile_keeps_to_its_place(void)
{
    static struct picture out;

    /* A value that grain makes all but impossible for a whole border to have by chance. */
    memset(&out, 0xA5, sizeof(out));
    paint(scene("lake"), (struct landscape_tile){40, 30, 50, 20}, &out, 0);
    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            bool inside = x >= 40 && x < 90 && y >= 30 && y < 50;

            if (!inside) {
                g_assert_cmphex(out.rgb[y][x][0] << 16 | out.rgb[y][x][1] << 8 | out.rgb[y][x][2],
                                ==, 0xA5A5A5);
            }
        }
    }
}

static void test_same_scene_same_bytes(void)
{
    static struct picture one;
    static struct picture another;

    /* Another seed is another picture: so it is the seed that decides, and nothing else does. */
    struct scene copy = *scene("snow");

    paint_whole(scene("snow"), &one);
    paint_whole(&copy, &another);
    g_assert_cmpmem(&one, sizeof(one), &another, sizeof(another));
    copy.seed++;
    paint_whole(&copy, &another);
    g_assert_true(memcmp(&one, &another, sizeof(one)) != 0);
}

/* The mean difference of two pictures, in levels. */
static double difference(struct picture *a, struct picture *b)
{
    double sum = 0.0;

    for (size_t i = 0; i < sizeof(struct picture); i++) {
        sum += abs((&a->rgb[0][0][0])[i] - (&b->rgb[0][0][0])[i]);
    }
    return sum / sizeof(struct picture);
}

static void test_scenes_differ(void)
{
    static struct picture pictures[8];
    uint32_t count = 0;

    /* Grain alone makes two pictures of one scene differ by 2 levels or so; these have to differ
     * in what they show. */
    for (; scene_at(count); count++) {
        g_assert_cmpuint(count, <, G_N_ELEMENTS(pictures));
        paint_whole(scene_at(count), &pictures[count]);
        for (uint32_t i = 0; i < count; i++) {
            g_assert_cmpfloat(difference(&pictures[i], &pictures[count]), >, 12.0);
        }
    }
    g_assert_cmpuint(count, >=, 6);
}

/* What a histogram and the differences of neighbours tell about a picture's green. */
struct statistics {
    double mean;
    double entropy; /* bits */
    double grain;   /* median difference of neighbours on the right, in levels */
    double full;    /* share of pixels that are cut off at the top, in all three colours */
};

static struct statistics measure(struct picture *from)
{
    struct statistics s = {0};
    double levels[256] = {0};
    double steps[256] = {0};
    double pixels = (double)WIDTH * HEIGHT;
    double below = 0.0;

    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            const uint8_t *p = from->rgb[y][x];

            s.mean += p[1] / pixels;
            levels[p[1]] += 1.0 / pixels;
            s.full += (p[0] == 255 && p[1] == 255 && p[2] == 255) / pixels;
            if (x > 0) {
                steps[abs(p[1] - from->rgb[y][x - 1][1])] += 1.0 / (pixels - HEIGHT);
            }
        }
    }
    for (int i = 0; i < 256; i++) {
        s.entropy -= levels[i] > 0.0 ? levels[i] * log2(levels[i]) : 0.0;
    }
    while (below < 0.5) {
        below += steps[(int)s.grain];
        s.grain += 1.0;
    }
    return s;
}

static void test_statistics_are_those_of_photos(void)
{
    static struct picture out;

    /*
     * A picture that is flat, all black or without grain would let many a bug in a blur or an
     * encoder pass. More than half of all neighbours differ, even in the sky, so the median does;
     * an entropy of 6 bits takes at least 64 levels in use.
     */
    for (uint32_t i = 0; scene_at(i); i++) {
        struct statistics s;

        paint_whole(scene_at(i), &out);
        s = measure(&out);
        g_test_message("%s: mean %.1f, entropy %.2f, grain %.0f, full %.4f", scene_at(i)->name,
                       s.mean, s.entropy, s.grain, s.full);
        g_assert_cmpfloat(s.mean, >, 50.0);
        g_assert_cmpfloat(s.mean, <, 200.0);
        g_assert_cmpfloat(s.entropy, >, 6.0);
        g_assert_cmpfloat(s.grain, >=, 2.0);
    }
}

static void test_the_sun_is_cut_off(void)
{
    static struct picture out;
    struct statistics s;

    /* Clipped pixels are where fast ways to blur and shrink go wrong: one scene has to have them,
     * and those without the sun must not. */
    paint_whole(scene("dusk"), &out);
    s = measure(&out);
    g_assert_cmpfloat(s.full, >, 0.003);
    paint_whole(scene("fog"), &out);
    s = measure(&out);
    g_assert_cmpfloat(s.full, <, 0.001);
}

/* Paint a photo on @processes workers. Returns its bytes in the slot. */
static uint8_t *paint_on_pool(const struct pp_pool_options *options, struct paint_photo photo)
{
    struct pp_pool *pool;
    struct pp_slot *slot;
    struct pp_future *futures[16];
    uint32_t count = 0;
    uint8_t *bytes;

    g_assert_cmpint(pp_pool_create(&pool, &program, options, NULL), ==, 0);
    g_assert_cmpint(pp_pool_slot(pool, paint_photo_bytes(&photo), &slot), ==, 0);
    for (int32_t x = 0; x < photo.width; x += 20, count++) {
        struct paint_tile arguments = {photo, {x, 0, MIN(20, photo.width - x), photo.height}};
        struct pp_task task = {
            .function = "paint-tile",
            .arguments = &arguments,
            .arguments_length = sizeof(arguments),
            .slot_count = 1,
            .slots = {{.slot = slot}},
        };

        g_assert_cmpuint(count, <, G_N_ELEMENTS(futures));
        g_assert_cmpint(pp_pool_submit(pool, &task, &futures[count]), ==, 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        g_assert_cmpint(pp_future_wait(futures[i], -1), ==, 0);
        g_assert_cmpint(pp_future_result(futures[i])->outcome, ==, PP_DONE);
        pp_future_destroy(futures[i]);
    }
    bytes = g_memdup2(slot->bytes, paint_photo_bytes(&photo));
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
    return bytes;
}

static void test_any_number_of_workers_paints_the_same(void)
{
    static struct picture whole;
    struct paint_photo photo = {.width = WIDTH, .height = HEIGHT};
    struct pp_pool_options in_process = {.start_method = PP_START_IN_PROCESS};
    struct pp_pool_options one = {.processes = 1};
    struct pp_pool_options three = {.processes = 3};
    const struct pp_pool_options *all[] = {&in_process, &one, &three};

    /* Three workers end their tiles in an order that differs from run to run. */
    scene_find("lake", &photo.scene);
    paint_whole(scene("lake"), &whole);
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree uint8_t *bytes = paint_on_pool(all[i], photo);

        g_assert_cmpmem(bytes, sizeof(struct picture), &whole, sizeof(whole));
    }
}

static void test_turned_pixels(void)
{
    static struct picture upright;
    struct pp_pool_options options = {.start_method = PP_START_IN_PROCESS};
    struct paint_photo photo = {.width = WIDTH, .height = HEIGHT, .turned = 1};
    g_autofree uint8_t *bytes = NULL;

    /* By the words of the EXIF standard: in orientation 6 row 0 is the right side of the picture,
     * and column 0 its top. */
    scene_find("meadow", &photo.scene);
    paint_whole(scene("meadow"), &upright);
    bytes = paint_on_pool(&options, photo);
    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            const uint8_t *stored = bytes + ((size_t)(WIDTH - 1 - x) * HEIGHT + (size_t)y) * 3;

            g_assert_cmpmem(stored, 3, upright.rgb[y][x], 3);
        }
    }
}

static uint32_t get(const uint8_t *block, size_t length, size_t at, int bytes)
{
    uint32_t value = 0;

    g_assert_cmpuint(at + (size_t)bytes, <=, length);
    for (int i = bytes - 1; i >= 0; i--) {
        value = value << 8 | block[at + (size_t)i];
    }
    return value;
}

/* Where the value or the offset of @tag lies in the directory at @directory; 0: nowhere. */
static size_t find_tag(const uint8_t *block, size_t length, size_t directory, uint32_t tag)
{
    uint32_t count = get(block, length, directory, 2);

    for (uint32_t i = 0; i < count; i++) {
        size_t entry = directory + 2 + (size_t)i * 12;

        if (get(block, length, entry, 2) == tag) {
            return entry + 8;
        }
    }
    return 0;
}

static void test_exif_can_be_read(void)
{
    static const uint8_t preview[] = {0xFF, 0xD8, 0xFF, 0xD9, 0x55};
    struct camera_exif photo = {
        .number = 77,
        .orientation = 6,
        .width = 5184,
        .height = 3456,
        .shutter = 250,
        .f_number = 5.6F,
        .iso = 400,
        .focal_mm = 35,
        .focal_35mm = 52,
        .preview = preview,
        .preview_length = sizeof(preview),
    };
    g_autofree uint8_t *block = g_malloc0(camera_exif_room(sizeof(preview)));
    size_t length = camera_exif_write(&photo, block);
    size_t ifd0 = get(block, length, 4, 4);
    size_t exif;
    size_t ifd1;
    size_t at;

    /* The walk follows offsets as a reader does, knows nothing of how they were laid out, and
     * stops at the first one that points outside. */
    g_assert_cmpuint(length, <=, camera_exif_room(sizeof(preview)));
    g_assert_cmpmem(block, 4, "II*\0", 4);
    g_assert_cmpuint(get(block, length, find_tag(block, length, ifd0, 0x0112), 2), ==, 6);
    at = get(block, length, find_tag(block, length, ifd0, 0x010F), 4);
    g_assert_cmpstr((const char *)block + at, ==, "pixpool");
    at = get(block, length, find_tag(block, length, ifd0, 0x0132), 4);
    g_assert_cmpuint(strlen((const char *)block + at), ==, 19);
    exif = get(block, length, find_tag(block, length, ifd0, 0x8769), 4);
    g_assert_cmpuint(get(block, length, find_tag(block, length, exif, 0x8827), 2), ==, 400);
    g_assert_cmpuint(get(block, length, find_tag(block, length, exif, 0xA002), 4), ==, 5184);
    at = get(block, length, find_tag(block, length, exif, 0x829D), 4);
    g_assert_cmpuint(get(block, length, at, 4), ==, 56);
    g_assert_cmpuint(get(block, length, at + 4, 4), ==, 10);
    ifd1 = get(block, length, ifd0 + 2 + (size_t)get(block, length, ifd0, 2) * 12, 4);
    at = get(block, length, find_tag(block, length, ifd1, 0x0201), 4);
    g_assert_cmpuint(get(block, length, find_tag(block, length, ifd1, 0x0202), 4), ==,
                     sizeof(preview));
    g_assert_cmpuint(at + sizeof(preview), ==, length);
    g_assert_cmpmem(block + at, sizeof(preview), preview, sizeof(preview));
}

/* The bytes of a photo that a worker wrote to a file. */
static char *write_on_pool(struct paint_photo photo, size_t *ret_length)
{
    struct pp_pool *pool;
    struct pp_slot *slot;
    struct pp_future *future;
    g_autofree char *path = NULL;
    char *bytes;
    int fd = g_file_open_tmp(NULL, &path, NULL);
    struct pp_task task = {
        .function = "write-photo",
        .arguments = &photo,
        .arguments_length = sizeof(photo),
        .slot_count = 1,
        .fd_count = 1,
        .fds = {fd},
    };

    g_assert_cmpint(pp_pool_create(&pool, &program, NULL, NULL), ==, 0);
    g_assert_cmpint(pp_pool_slot(pool, paint_photo_bytes(&photo), &slot), ==, 0);
    memset(slot->bytes, 0x80, slot->capacity);
    task.slots[0].slot = slot;
    g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, 0);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
    pp_future_destroy(future);
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
    g_assert_true(g_file_get_contents(path, &bytes, ret_length, NULL));
    g_assert_true(g_close(fd, NULL));
    g_assert_cmpint(g_unlink(path), ==, 0);
    return bytes;
}

static void test_files_begin_and_end(void)
{
    static const struct {
        enum photo_format format;
        const char *begin;
        size_t begin_length;
        const char *end; /* a file that was cut short does not have it */
        size_t end_length;
    } formats[] = {
        /* start of image, marker APP1; end of image */
        {PHOTO_JPEG, "\xFF\xD8\xFF\xE1", 4, "\xFF\xD9", 2},
        {PHOTO_PROGRESSIVE, "\xFF\xD8\xFF\xE1", 4, "\xFF\xD9", 2},
        {PHOTO_PNG, "\x89PNG\r\n\x1A\n", 8, "IEND\xAE\x42\x60\x82", 8},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        struct paint_photo photo = {.width = 64, .height = 48, .format = formats[i].format};
        size_t length;
        g_autofree char *bytes = write_on_pool(photo, &length);

        g_assert_cmpuint(length, >, formats[i].begin_length + formats[i].end_length);
        g_assert_cmpmem(bytes, formats[i].begin_length, formats[i].begin, formats[i].begin_length);
        g_assert_cmpmem(bytes + length - formats[i].end_length, formats[i].end_length,
                        formats[i].end, formats[i].end_length);
    }
}

static void test_preview(void)
{
    g_autofree uint8_t *bytes = g_malloc(40 * 10 * 3);
    struct photo_pixels pixels = {bytes, 40, 10};
    uint8_t *preview;
    size_t length;

    /* Smaller and wider than the preview: the two cases in which its arithmetic could leave the
     * picture, which the sanitizers see. */
    memset(bytes, 200, 40 * 10 * 3);
    g_assert_cmpint(photo_preview(&pixels, &preview, &length, NULL), ==, 0);
    g_assert_cmpmem(preview, 2, "\xFF\xD8", 2);
    free(preview);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/landscape/tiles-are-the-whole", test_tiles_are_the_whole);
    g_test_add_func("/landscape/a-tile-keeps-to-its-place", test_a_tile_keeps_to_its_place);
    g_test_add_func("/landscape/same-scene-same-bytes", test_same_scene_same_bytes);
    g_test_add_func("/landscape/scenes-differ", test_scenes_differ);
    g_test_add_func("/landscape/statistics-are-those-of-photos",
                    test_statistics_are_those_of_photos);
    g_test_add_func("/landscape/the-sun-is-cut-off", test_the_sun_is_cut_off);
    g_test_add_func("/paint/any-number-of-workers-paints-the-same",
                    test_any_number_of_workers_paints_the_same);
    g_test_add_func("/paint/turned-pixels", test_turned_pixels);
    g_test_add_func("/paint/files-begin-and-end", test_files_begin_and_end);
    g_test_add_func("/paint/preview", test_preview);
    g_test_add_func("/exif/can-be-read", test_exif_can_be_read);
    return g_test_run();
}
