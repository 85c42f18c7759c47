/* SPDX-License-Identifier: MIT */

/*
 * Paint: sample photos for those who have none at hand
 *
 * The photos are landscapes, painted by a pool: the program that shows how one big result is made
 * by many small tasks. For each photo the host takes a slot (shared memory) that the whole picture
 * fits in, and submits one task per tile, all naming that slot. Tasks say where they paint by
 * numbers, so it does not matter which worker does which tile, or when. When a photo's last tile is
 * done, one more task writes it to a file that the host has opened; meanwhile the others paint the
 * next photo.
 *
 * A file appears under its name when it is whole, not before: it is written under another name and
 * then renamed. So files that are there need not be painted again.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pool.h"
#include "samples/landscape/scene.h"
#include "samples/paint_options.h"
#include "samples/paint_task.h"
#include "samples/photo_file.h"

/* Photos that are in work at once: one is being written while others are painted. */
#define PHOTOS_AT_ONCE 3

#define TILE_WIDTH 128

enum { EXIT_USAGE = 2 };

static const struct pp_task_function functions[] = {
    {"paint-tile", paint_tile},
    {"write-photo", paint_write},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

/* The sample photos; those that take long to write come first. */
static const struct sample {
    const char *file;
    const char *scene;
    int32_t width; /* of the upright picture */
    int32_t height;
    enum photo_format format;
    bool turned;
} samples[] = {
    {"snow.png", "snow", 3264, 2448, PHOTO_PNG, false},
    {"dusk.jpg", "dusk", 4896, 3264, PHOTO_PROGRESSIVE, false},
    {"sea.jpg", "sea", 3072, 4608, PHOTO_PROGRESSIVE, false},
    {"lake.jpg", "lake", 6000, 4000, PHOTO_JPEG, false},
    {"meadow.jpg", "meadow", 3456, 5184, PHOTO_JPEG, true},
    {"fog.jpg", "fog", 4000, 3000, PHOTO_JPEG, false},
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* A photo in work. */
struct job {
    struct paint_photo photo;
    char path[PATH_MAX];
    char unfinished[PATH_MAX + 16]; /* the name until it is whole */
    int fd;
    struct pp_slot *slot;
    int32_t tiles; /* that are not done */
    bool writing;
    bool failed;
};

/* Say what went wrong; @code is a negative errno, or 0. Returns -1. */
static int complain(const char *path, int code, const char *what)
{
    fprintf(stderr, "paint: %s: %s%s%s\n", path, what, code ? ": " : "",
            code ? strerror(-code) : "");
    return -1;
}

/* Open the file of @job under its unfinished name. Returns 0 or -1. */
static int job_open(struct job *job)
{
    snprintf(job->unfinished, sizeof(job->unfinished), "%s.unfinished", job->path);
    job->fd = open(job->unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return job->fd >= 0 ? 0 : complain(job->path, -errno, "cannot write");
}

/* Submit a task of @job. Returns 0 or -1; the task's future comes back from pp_pool_next(). */
static int job_submit(struct job *job, struct pp_pool *pool, struct pp_task *task)
{
    struct pp_future *future;
    int r;

    task->slot_count = 1;
    task->slots[0].slot = job->slot;
    task->user = job;
    r = pp_pool_submit(pool, task, &future);
    return r == 0 ? 0 : complain(job->path, r, "cannot submit a task");
}

static int job_submit_tiles(struct job *job, struct pp_pool *pool)
{
    for (int32_t x = 0; x < job->photo.width; x += TILE_WIDTH) {
        int32_t left = job->photo.width - x;
        struct paint_tile arguments = {
            .photo = job->photo,
            .tile = {x, 0, left < TILE_WIDTH ? left : TILE_WIDTH, job->photo.height},
        };
        struct pp_task task = {
            .function = "paint-tile",
            .arguments = &arguments,
            .arguments_length = sizeof(arguments),
        };

        if (job_submit(job, pool, &task) != 0) {
            job->failed = true;
            return -1;
        }
        job->tiles++;
    }
    return 0;
}

/* Returns 0 or -1. */
static int job_submit_write(struct job *job, struct pp_pool *pool)
{
    struct pp_task task = {
        .function = "write-photo",
        .arguments = &job->photo,
        .arguments_length = sizeof(job->photo),
        .fd_count = 1,
        .fds = {job->fd},
    };

    job->writing = true;
    return job_submit(job, pool, &task);
}

/* Begin with the photo of @job. Returns 0 or -1. */
static int job_start(struct job *job, struct pp_pool *pool)
{
    int r;

    if (job_open(job) != 0) {
        return -1;
    }
    r = pp_pool_slot(pool, paint_photo_bytes(&job->photo), &job->slot);
    if (r != 0) {
        return complain(job->path, r, "no memory for the picture");
    }
    return job_submit_tiles(job, pool);
}

/* Give back what @job holds; a photo that is whole gets its name. Returns 0 or -1. */
static int job_finish(struct job *job, struct pp_pool *pool)
{
    if (job->slot) {
        pp_pool_slot_release(pool, job->slot);
        job->slot = NULL;
    }
    if (job->fd < 0) {
        return -1;
    }
    close(job->fd);
    job->fd = -1;
    if (!job->failed && rename(job->unfinished, job->path) != 0) {
        complain(job->path, -errno, "cannot rename");
        job->failed = true;
    }
    if (job->failed) {
        unlink(job->unfinished);
    }
    return job->failed ? -1 : 0;
}

/* Take note of a task that ended. Returns true where nothing of the photo is left to be done. */
static bool job_advance(struct job *job, struct pp_pool *pool, const struct pp_result *result)
{
    if (result->outcome != PP_DONE && !job->failed) {
        char text[PP_ERROR_MESSAGE_BYTES];

        pp_result_describe(result, text, sizeof(text));
        complain(job->path, 0, text);
        job->failed = true;
    }
    if (job->writing) {
        return true;
    }
    job->tiles--;
    if (job->tiles > 0) {
        return false;
    }
    if (!job->failed && job_submit_write(job, pool) != 0) {
        job->failed = true;
    }
    return job->failed;
}

/* Paint all of @jobs. Returns how many failed, or a negative errno where the pool did. */
static int paint_all(struct pp_pool *pool, struct job *jobs, int count)
{
    int started = 0;
    int active = 0;
    int failed = 0;

    while (started < count || active > 0) {
        struct pp_future *future;
        struct job *job;
        int r;

        if (started < count && active < PHOTOS_AT_ONCE) {
            job = &jobs[started++];
            if (job_start(job, pool) != 0 && job->tiles == 0) {
                job->failed = true;
                job_finish(job, pool);
                failed++;
            } else {
                active++;
            }
            continue;
        }
        r = pp_pool_next(pool, -1, &future);
        if (r == -EINTR) {
            continue;
        }
        if (r != 0) {
            return r;
        }
        job = pp_future_user(future);
        if (job_advance(job, pool, pp_future_result(future))) {
            pp_future_destroy(future);
            failed += job_finish(job, pool) != 0;
            active--;
        } else {
            pp_future_destroy(future);
        }
    }
    return failed;
}

/* Start a pool for @jobs. Returns the exit code. */
static int paint(const struct paint_options *options, struct job *jobs, int count)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options pool_options = {.processes = options->workers};
    struct pp_error error;
    int r = pp_pool_create(&pool, &program, &pool_options, &error);

    if (r != 0) {
        fprintf(stderr, "paint: cannot start workers: %s\n", error.message);
        return EXIT_FAILURE;
    }
    r = paint_all(pool, jobs, count);
    if (r < 0) {
        fprintf(stderr, "paint: the workers failed: %s\n", strerror(-r));
    }
    for (int i = 0; i < count && r < 0; i++) {
        jobs[i].failed = true;
        job_finish(&jobs[i], pool);
    }
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Paint the sample photos that the directory lacks. */
static int paint_samples(const struct paint_options *options)
{
    static struct job jobs[SAMPLES];
    int count = 0;

    if (mkdir(options->directory, 0777) != 0 && errno != EEXIST) {
        complain(options->directory, -errno, "cannot make the directory");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *sample = &samples[i];
        struct job *job = &jobs[count];
        int length =
            snprintf(job->path, sizeof(job->path), "%s/%s", options->directory, sample->file);

        if (length < 0 || (size_t)length >= sizeof(job->path)) {
            complain(options->directory, -ENAMETOOLONG, "cannot write");
            return EXIT_FAILURE;
        }
        if (access(job->path, F_OK) == 0) {
            continue;
        }
        job->fd = -1;
        job->photo = (struct paint_photo){
            .width = sample->width,
            .height = sample->height,
            .format = sample->format,
            .turned = sample->turned,
        };
        scene_find(sample->scene, &job->photo.scene);
        count++;
    }
    return count == 0 ? EXIT_SUCCESS : paint(options, jobs, count);
}

static int paint_one(const struct paint_options *options)
{
    static struct job job;

    job.fd = -1;
    job.photo = options->photo;
    if (strlen(options->output) >= sizeof(job.path)) {
        complain(options->output, -ENAMETOOLONG, "cannot write");
        return EXIT_FAILURE;
    }
    strcpy(job.path, options->output);
    return paint(options, &job, 1);
}

static int list_samples(void)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        printf("%-10s  %dx%d  %s%s\n", samples[i].file, samples[i].width, samples[i].height,
               paint_format_name(samples[i].format), samples[i].turned ? ", stored turned" : "");
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct paint_options options;

    pp_program_enter(&program, argc, argv);
    switch (paint_options_read(&options, argc, argv)) {
    case PAINT_SAMPLES:
        return paint_samples(&options);
    case PAINT_ONE:
        return paint_one(&options);
    case PAINT_LIST:
        return list_samples();
    case PAINT_HELP:
        return EXIT_SUCCESS;
    default:
        return EXIT_USAGE;
    }
}
