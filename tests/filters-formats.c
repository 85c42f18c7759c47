/* SPDX-License-Identifier: MIT */

/*
 * Reads a collection of files that are not part of this project: PIXPOOL_CORPUS names a folder with
 * the folders "formats" and "photos", whose files are whole, and "hostile", whose files are broken
 * or traps. Without it these tests are skipped.
 *
 * Whole files are compared with what another reader makes of them: libvips, by the way that
 * "vips copy IN OUT.png" takes, or stb_image called directly. Hostile files are read in a child
 * process each, under limits; what they do to the library that reads them is that library's bug and
 * only reported, as it costs a worker at most, but whatever a sanitizer finds in our own code
 * fails.
 */

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stb_image.h>
#include <vips/vips.h>

#include "filters/vips.h"
#include "tests/pictures.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#define CHILD_CPU_S      20
#define CHILD_WALL_S     120
#define CHILD_DATA_BYTES ((rlim_t)2 << 30)

static const char *corpus;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the files in @folder of the corpus, sorted; NULL-ended. */
static GPtrArray *list_files(const char *folder)
{
    char *path = g_build_filename(corpus, folder, NULL);
    GDir *directory = g_dir_open(path, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (directory == NULL) {
        g_error("there is no folder \"%s\" in PIXPOOL_CORPUS", folder);
    }
    while ((name = g_dir_read_name(directory)) != NULL) {
        if (!g_str_has_suffix(name, ".tsv")) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_dir_close(directory);
    g_free(path);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static GBytes *read_file(const char *path)
{
    char *bytes;
    gsize length;
    GError *error = NULL;

    if (!g_file_get_contents(path, &bytes, &length, &error)) {
        g_error("%s", error->message);
    }
    return g_bytes_new_take(bytes, length);
}

/* What another reader makes of a file, with samples of 8 or 16 bits. */
struct reference {
    int width;
    int height;
    int bands;
    int bits;
    void *samples; /* without gaps */
    GDestroyNotify release;
};

static gboolean refer_to_stb(const struct pp_source *source, const struct picture *picture,
                             struct reference *reference)
{
    int components;

    reference->bands = picture->image.bands;
    reference->bits = picture->image.bits;
    reference->release = stbi_image_free;
    if (reference->bits == 16) {
        reference->samples =
            stbi_load_16_from_memory(source->bytes, (int)source->length, &reference->width,
                                     &reference->height, &components, reference->bands);
    } else {
        reference->samples =
            stbi_load_from_memory(source->bytes, (int)source->length, &reference->width,
                                  &reference->height, &components, reference->bands);
    }
    return reference->samples != NULL;
}

/* Whether saving as PNG would not change a sample, so that it needs not be done. */
static gboolean is_like_png(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_UCHAR && image->Bands <= 4 &&
           (image->Type == VIPS_INTERPRETATION_sRGB || image->Type == VIPS_INTERPRETATION_B_W);
}

/* Goes through a PNG, for libvips' own conversion on saving; CMYK by profile needs asking for. */
static VipsImage *load_by_vips(const struct pp_source *source)
{
    /* Its loader of PNM takes no memory, but what stands for it. */
    VipsSource *memory = vips_source_new_from_memory(source->bytes, source->length);
    VipsImage *loaded = vips_image_new_from_source(memory, "", NULL);
    VipsImage *plain = NULL;
    void *bytes;
    size_t length;

    g_object_unref(memory);
    if (loaded == NULL || is_like_png(loaded)) {
        return loaded;
    }
    if (loaded->Type == VIPS_INTERPRETATION_CMYK) {
        if (vips_icc_transform(loaded, &plain, "srgb", "embedded", TRUE, "input_profile", "cmyk",
                               "depth", loaded->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8,
                               NULL) != 0) {
            plain = NULL;
        }
        g_object_unref(loaded);
        return plain;
    }
    if (vips_pngsave_buffer(loaded, &bytes, &length, "strip", TRUE, "compression", 1, NULL) == 0) {
        VipsImage *png = NULL;

        if (vips_pngload_buffer(bytes, length, &png, NULL) == 0) {
            plain = vips_image_copy_memory(png);
            g_object_unref(png);
        }
        g_free(bytes);
    }
    g_object_unref(loaded);
    return plain;
}

static gboolean refer_to_vips(const struct pp_source *source, struct reference *reference)
{
    VipsImage *image = load_by_vips(source);
    size_t length;

    if (image == NULL) {
        return FALSE;
    }
    reference->width = image->Xsize;
    reference->height = image->Ysize;
    reference->bands = image->Bands;
    reference->bits = image->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
    reference->samples = vips_image_write_to_memory(image, &length);
    reference->release = g_free;
    g_object_unref(image);
    return reference->samples != NULL;
}

/* A sample as a level of 8 bits, with its fraction. */
static double level(uint32_t sample, int bits)
{
    return bits == 16 ? sample / 257.0 : sample;
}

/* The largest difference in levels of 8 bits; 1000 where the shapes differ. */
static double compare(const struct picture *picture, const struct reference *reference)
{
    double largest = 0.0;
    size_t i = 0;

    if (picture->image.width != reference->width || picture->image.height != reference->height ||
        picture->image.bands != reference->bands) {
        return 1000.0;
    }
    for (int32_t y = 0; y < reference->height; y++) {
        for (int32_t x = 0; x < reference->width * reference->bands; x++, i++) {
            uint32_t theirs = reference->bits == 16 ? ((uint16_t *)reference->samples)[i]
                                                    : ((uint8_t *)reference->samples)[i];
            uint32_t ours = picture_get(picture, 0, y, x);

            largest = fmax(largest,
                           fabs(level(ours, picture->image.bits) - level(theirs, reference->bits)));
        }
    }
    return largest;
}

/* stb_image leaves samples of PNM as they lie in the file: libvips has to say what they are. */
static gboolean is_best_read_by_stb(const struct pp_source *source)
{
    struct pp_header header;

    return pp_codec_probe(source, &header, NULL) == 0 && header.reader == PP_READER_STB &&
           header.format != PP_FORMAT_PNM;
}

static void check_picture(const char *name, const struct pp_source *source,
                          const struct picture *picture)
{
    struct reference reference = {0};
    gboolean found = is_best_read_by_stb(source) ? refer_to_stb(source, picture, &reference)
                                                 : refer_to_vips(source, &reference);
    double difference;

    if (!found) {
        g_test_message("%s: no other reader reads it: %s", name, vips_error_buffer());
        g_test_fail();
        vips_error_clear();
        return;
    }
    difference = compare(picture, &reference);
    if (difference > 1.0) {
        g_test_message("%s: %.1f levels off; %d x %d x %d against %d x %d x %d", name, difference,
                       (int)picture->image.width, (int)picture->image.height,
                       (int)picture->image.bands, reference.width, reference.height,
                       reference.bands);
        g_test_fail();
    }
    reference.release(reference.samples);
}

/* Returns whether the file was read. */
static gboolean check_file(const char *folder, const char *name)
{
    char *path = g_build_filename(corpus, folder, name, NULL);
    GBytes *file = read_file(path);
    struct pp_source source = source_of(file);
    struct pp_metadata metadata = PP_METADATA_NONE;
    struct pp_error error = {0};
    struct picture picture;
    int r = picture_read(&source, 1, &picture, &metadata, &error);

    if (r == 0) {
        check_picture(name, &source, &picture);
        picture_free(&picture);
    } else {
        g_assert_cmpint(r, <, 0);
        g_assert_cmpint(strlen(error.message), >, 0);
        g_test_message("declined: %s: %s", name, error.message);
    }
    pp_metadata_finish(&metadata);
    g_bytes_unref(file);
    g_free(path);
    return r == 0;
}

static void check_folder(const char *folder)
{
    GPtrArray *names = list_files(folder);
    unsigned count = 0;

    for (guint i = 0; i < names->len; i++) {
        count += check_file(folder, g_ptr_array_index(names, i));
    }
    g_test_message("%s: %u of %u files read", folder, count, names->len);
    g_assert_cmpint(count, >, names->len / 2);
    g_ptr_array_unref(names);
}

static gboolean skip_without_corpus(void)
{
    if (corpus == NULL) {
        g_test_skip("PIXPOOL_CORPUS is not set");
    }
    return corpus == NULL;
}

static void test_files_of_every_format_are_read_as_by_others(void)
{
    if (!skip_without_corpus()) {
        check_folder("formats");
    }
}

static void test_photos_are_read_as_by_others(void)
{
    if (!skip_without_corpus()) {
        check_folder("photos");
    }
}

static void set_limit(int resource, rlim_t limit)
{
    struct rlimit both = {limit, limit};

    g_assert_cmpint(setrlimit(resource, &both), ==, 0);
}

/* The child: read one file under limits, and say on standard output what came of it. */
static int read_one(const char *path)
{
    GBytes *file = read_file(path);
    struct pp_source source = source_of(file);
    struct pp_metadata metadata = PP_METADATA_NONE;
    struct pp_error error = {0};
    struct picture picture;
    int r;

    set_limit(RLIMIT_CPU, CHILD_CPU_S);
    set_limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__
    set_limit(RLIMIT_DATA, CHILD_DATA_BYTES);
#endif
    alarm(CHILD_WALL_S);
    r = picture_read(&source, 1, &picture, &metadata, &error);
    if (r == 0) {
        printf("read: %d x %d\n", (int)picture.image.width, (int)picture.image.height);
        picture_free(&picture);
    } else {
        printf("declined: %s\n", error.message);
    }
    pp_metadata_finish(&metadata);
    g_bytes_unref(file);
    return r <= 0 && (r == 0 || error.message[0] != '\0') ? 0 : 1;
}

/* Whether @text is a sanitizer's report about our own code: one of its first frames, of which the
 * very first can be the sanitizer's own copying function. */
static gboolean blames_us(const char *text)
{
    const char *frames = strstr(text, "    #0 ");
    const char *second = frames == NULL ? NULL : strstr(frames, "    #2 ");
    const char *ours = frames == NULL ? NULL : strstr(frames, "/filters/");

    if (strstr(text, "/filters/") != NULL && strstr(text, "runtime error") != NULL) {
        return TRUE;
    }
    return strstr(text, "Sanitizer") != NULL && ours != NULL && second != NULL && ours < second;
}

static void run_child(const char *program, const char *name)
{
    char *path = g_build_filename(corpus, "hostile", name, NULL);
    char *arguments[] = {(char *)program, (char *)"--read-one", path, NULL};
    char *output = NULL;
    char *errors = NULL;
    int status = 0;
    GError *error = NULL;

    if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors, &status,
                      &error)) {
        g_error("%s", error->message);
    }
    if (WIFSIGNALED(status)) {
        g_test_message("%s: killed its reader by signal %d", name, WTERMSIG(status));
    } else {
        g_test_message("%s: %s", name, g_strchomp(output));
    }
    if (blames_us(errors) || (WIFEXITED(status) && WEXITSTATUS(status) == 1)) {
        g_test_message("%s: %s", name, errors);
        g_test_fail();
    }
    g_free(path);
    g_free(output);
    g_free(errors);
}

static void test_hostile_files_hurt_nobody_else(void)
{
    GPtrArray *names;

    if (skip_without_corpus()) {
        return;
    }
    names = list_files("hostile");
    for (guint i = 0; i < names->len; i++) {
        run_child("/proc/self/exe", g_ptr_array_index(names, i));
    }
    g_ptr_array_unref(names);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--read-one") == 0) {
        return read_one(argv[2]);
    }
    pictures_test_init(&argc, &argv);
    corpus = g_getenv("PIXPOOL_CORPUS");
    g_assert_cmpint(pp_vips_start(NULL), ==, 0);
    /* For the comparison only. */
    vips_operation_block_set("VipsForeignLoadPng", FALSE);
    vips_operation_block_set("VipsForeignLoadPpm", FALSE);
    vips_operation_block_set("VipsForeignSavePng", FALSE);
    g_test_add_func("/formats/files-of-every-format-are-read-as-by-others",
                    test_files_of_every_format_are_read_as_by_others);
    g_test_add_func("/formats/photos-are-read-as-by-others", test_photos_are_read_as_by_others);
    g_test_add_func("/formats/hostile-files-hurt-nobody-else", test_hostile_files_hurt_nobody_else);
    return g_test_run();
}
