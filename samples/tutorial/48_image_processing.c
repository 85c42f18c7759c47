/* SPDX-License-Identifier: MIT */

/*
 * Image processing: blur photos and make thumbnails of them, on all cores
 *
 * Python Multiprocessing Tutorial, "5. Real-World Multiprocessing Example: Image Processing";
 * Multiprocessing (hard, 40 min), "Exercise 2: Image processor".
 *
 *     48_image_processing PHOTO...       writes processed/PHOTO
 *
 * Notice the chunks: of one photo each, since a photo takes long enough to pay for its message, and
 * the last ones should not lie in one worker's chunk while the others have nothing to do. And that
 * a photo that cannot be read is reported; the tutorial, which never looks at the results of map(),
 * loses it in silence. The challenge "Create a parallel image processing system" is the program
 * that this library is for: see app/, and README.md at the top.
 */

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/map.h"
#include "filters/render.h"
#include "filters/vips.h"
#include "samples/tutorial/tutorial.h"

struct photo {
    char path[PATH_MAX];
};

/* Map the file, so that only what the decoder reads is read. Returns 0 or a negative errno. */
static int map_file(const char *path, struct pp_source *ret_source)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &status) == 0) {
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (bytes == MAP_FAILED) {
        int r = -errno;

        close(fd);
        return pp_error_set_errno(&error, r, "it cannot be read");
    }
    close(fd);
    *ret_source = (struct pp_source){.bytes = bytes, .length = (size_t)status.st_size};
    return 0;
}

/* Returns 0 or a negative errno. */
static int write_file(const char *path, const struct pp_sink *sink)
{
    FILE *file = fopen(path, "wbe");

    if (file == NULL || fwrite(sink->bytes, 1, sink->length, file) != sink->length ||
        fflush(file) != 0) {
        int r = -errno;

        if (file != NULL) {
            fclose(file);
            unlink(path); /* better none than half a picture */
        }
        return pp_error_set_errno(&error, r, "%s cannot be written", path);
    }
    fclose(file);
    return 0;
}

/* GaussianBlur(15), then thumbnail((1200, 1200)), in memory of the worker. */
static int blur_and_shrink(struct pp_call *call, const struct pp_source *source,
                           struct pp_sink *ret_sink)
{
    struct pp_render_memory memory = {0};
    struct pp_plan_options options = {0};
    struct pp_chain chain = {0};
    struct pp_header header;
    struct pp_plan plan;
    size_t scratch_at;
    size_t output_at;

    TRY(pp_chain_add(&chain, "blur", "15", &error));
    TRY(pp_chain_add(&chain, "thumbnail", "1200x1200", &error));
    TRY(pp_codec_probe(source, &header, &error));
    TRY(pp_plan_make(&header, &chain, &options, &plan, &error));

    scratch_at = pp_size_round_up(plan.pixel_bytes, PP_IMAGE_ALIGNMENT);
    output_at = scratch_at + pp_size_round_up(plan.scratch_bytes, PP_IMAGE_ALIGNMENT);
    memory.pixels = pp_call_scratch(call, output_at + plan.output_bytes);
    if (memory.pixels == NULL) {
        return pp_error_set_errno(&error, -ENOMEM, "it is too large");
    }
    memory.scratch = (char *)memory.pixels + scratch_at;
    memory.sink.bytes = (uint8_t *)memory.pixels + output_at;
    memory.sink.capacity = plan.output_bytes;
    TRY(pp_render(&plan, source, &memory, &error));
    *ret_sink = memory.sink;
    return 0;
}

static int process_image(struct pp_call *call)
{
    const char *name;
    char to[PATH_MAX + 16];
    struct pp_source source;
    struct photo photo;
    struct pp_sink sink = {.length = 0};
    int r;

    TRY(pp_call_arguments(call, &photo, sizeof(photo)));
    name = strrchr(photo.path, '/') ? strrchr(photo.path, '/') + 1 : photo.path;
    snprintf(to, sizeof(to), "processed/%s", name);
    r = map_file(photo.path, &source);
    if (r == 0) {
        r = blur_and_shrink(call, &source, &sink);
        munmap((void *)(uintptr_t)source.bytes, source.length);
    }
    if (r == 0) {
        r = write_file(to, &sink);
    }
    if (r < 0) {
        return pp_call_fail(call, r, "%s", error.message);
    }
    printf("%s was processed...\n", name);
    return 0;
}

/* libvips reads what is neither JPEG nor PNG. It is loaded once; workers are forked from there. */
static void preload(void)
{
    (void)!pp_vips_start(NULL); /* the initializer fails where this does */
}

static int start_libraries(struct pp_call *call)
{
    (void)call;
    return pp_vips_start(NULL);
}

static const struct pp_task_function functions[] = {
    {"process_image", process_image},
    {"start_libraries", start_libraries},
    {NULL, NULL},
};
static const struct pp_program program = {
    .functions = functions,
    .preload = preload,
    .share_stdout = true,
};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *executor = NULL;
    struct pp_pool_options workers = {.initializer = "start_libraries"};
    struct pp_map_options one_by_one = {.chunk_items = 1};
    uint64_t start = pp_clock_ns();
    struct photo *photos;
    size_t failed = 0;
    size_t count;
    int r;

    pp_program_enter(&program, argc, argv);
    count = (size_t)argc - 1;
    photos = calloc(count + 1, sizeof(photos[0]));
    MUST(photos == NULL ? -ENOMEM : 0);
    for (size_t i = 0; i < count; i++) {
        snprintf(photos[i].path, sizeof(photos[i].path), "%s", argv[i + 1]);
    }
    MUST(mkdir("processed", 0777) < 0 && errno != EEXIST ? -errno : 0);
    MUST(pp_pool_create(&executor, &program, &workers, &error));
    r = pp_pool_map(executor, "process_image", photos, sizeof(photos[0]), count, NULL, 0,
                    &one_by_one, &failed, &error);
    if (r < 0 && failed < count) {
        fprintf(stderr, "%s: %s\n", photos[failed].path, error.message);
    }
    free(photos);
    printf("Finished in %.2f seconds\n", seconds_since(start));
    return r < 0;
}
