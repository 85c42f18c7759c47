/* SPDX-License-Identifier: MIT */
/*
 * The host only opens, sends, and writes; every byte of an input is read in a worker. An output is
 * written while others are rendered: the write goes to the page cache, which takes milliseconds.
 *
 * A worker that crashes gets its input once more, alone in a fresh process, before the input is
 * blamed. One that somebody kills (the kernel short of memory, an administrator) says nothing about
 * the input, so that is tried again many times.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/image_task.h"
#include "app/job.h"
#include "app/name.h"
#include "app/output_file.h"

#define CRASH_ATTEMPTS 2
#define KILL_ATTEMPTS  10000

struct job {
    const struct job_context *context;
    struct output *output;
    enum job_state state;
    struct pp_future *future; /* of the task that it waits for */
    bool rendering;           /* that task is the rendering, and plan is set */
    int fd;                   /* of the input */
    struct image_file file;
    struct pp_plan plan;
    uint64_t run_ns;        /* of its tasks so far */
    size_t written;         /* DONE: bytes of the output */
    struct failure failure; /* FAILED, HOPELESS */
};

/* The task could not be submitted. */
static enum job_state fail_to_submit(struct job *job, int code)
{
    failure_set(&job->failure, FAILURE_ENGINE, "cannot be handed to a worker: %s",
                g_strerror(-code));
    job->failure.environment = true;
    return JOB_FAILED;
}

static enum job_state fail_to_read(struct job *job, int code)
{
    failure_from_reading(&job->failure, code);
    return JOB_FAILED;
}

static enum job_state fail_reply(struct job *job, const char *what)
{
    failure_set(&job->failure, FAILURE_ENGINE, "the worker's %s makes no sense", what);
    return JOB_FAILED;
}

static int open_input(const struct input *input)
{
    int fd = input->fd >= 0 ? fcntl(input->fd, F_DUPFD_CLOEXEC, 0)
                            : open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    return fd >= 0 ? fd : -errno;
}

/* Take note of what the open file is now; it may have changed since it was found. */
static int look_at_file(struct job *job)
{
    struct stat status;

    if (fstat(job->fd, &status) < 0) {
        return -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EINVAL;
    }
    if (status.st_size > DESCRIPTOR_BYTES_MAX) {
        return -EFBIG;
    }
    job->file = (struct image_file){
        .bytes = status.st_size,
        .seconds = status.st_mtim.tv_sec,
        .nanoseconds = status.st_mtim.tv_nsec,
    };
    return 0;
}

static int submit(struct job *job, struct pp_task *task)
{
    task->timeout_ms = job->context->options->timeout_ms;
    task->crash_attempts = CRASH_ATTEMPTS;
    task->kill_attempts = KILL_ATTEMPTS;
    task->user = job;
    return pp_pool_submit(job->context->pool, task, &job->future);
}

static int submit_probe(struct job *job)
{
    const struct run_options *options = job->context->options;
    const struct image_probe arguments = {
        .file = job->file,
        .chain = options->chain,
        .options =
            {
                .mode = options->mode,
                .encode = {.format = job->output->format, .quality = options->quality},
                .pixels_max = options->pixels_max,
            },
    };
    struct pp_task task;

    image_task_probe(&task, &arguments, job->fd);
    return submit(job, &task);
}

static int submit_render(struct job *job)
{
    const struct image_render arguments = {.file = job->file, .plan = job->plan};
    struct pp_task task;

    image_task_render(&task, &arguments, job->fd);
    return submit(job, &task);
}

static enum job_state open_and_probe(struct job *job)
{
    int r;

    job->fd = open_input(job->output->input);
    if (job->fd < 0) {
        return fail_to_read(job, job->fd);
    }
    r = look_at_file(job);
    if (r < 0) {
        return fail_to_read(job, r);
    }
    r = submit_probe(job);
    return r < 0 ? fail_to_submit(job, r) : JOB_WAITS;
}

struct job *job_start(const struct job_context *context, struct output *output)
{
    struct job *job = g_new0(struct job, 1);

    job->context = context;
    job->output = output;
    job->fd = -1;
    job->state = open_and_probe(job);
    return job;
}

static enum job_state name_output(struct job *job, GError **error)
{
    const struct pp_plan *plan = &job->plan;
    gboolean named =
        outputs_name(job->context->outputs, job->output, plan->encode.format, plan->size, error);

    return named ? JOB_DONE : JOB_REFUSED;
}

static enum job_state take_plan(struct job *job, const struct pp_result *result, GError **error)
{
    int r;

    if (image_task_plan(result, &job->plan) < 0) {
        return fail_reply(job, "plan");
    }
    if (job->context->goal == JOB_NAME) {
        return name_output(job, error);
    }
    if (job->context->goal == JOB_PLAN) {
        return JOB_DONE;
    }
    g_clear_pointer(&job->future, pp_future_destroy);
    job->rendering = true;
    r = submit_render(job);
    return r < 0 ? fail_to_submit(job, r) : JOB_WAITS;
}

static int refuse_written(const char *path, const char *first, struct pp_error *error)
{
    g_autofree char *shown = name_display(path);
    g_autofree char *before = name_display(first);

    return pp_error_set(error, -EEXIST,
                        "'%.100s' is the same file as '%.100s', which this run has written", shown,
                        before);
}

/* A run replaces what was there before it, if asked, but never what it wrote itself. */
static int write_file(struct job *job, const void *bytes, size_t length, struct pp_error *error)
{
    const struct outputs *outputs = job->context->outputs;
    const char *first = outputs_find_written(outputs, job->output);
    int r;

    if (first != NULL) {
        return refuse_written(job->output->path, first, error);
    }
    r = output_file_write(job->output->path, bytes, length,
                          job->context->options->overwrite != OVERWRITE_NEVER, error);
    if (r == 0) {
        outputs_add_written(outputs, job->output);
    }
    return r;
}

static int write_output(struct job *job, const void *bytes, size_t length, struct pp_error *error)
{
    if (job->context->outputs->rule->kind == OUTPUT_STDOUT) {
        int r = descriptor_write(STDOUT_FILENO, bytes, length);

        return r < 0 ? pp_error_set_errno(error, r, "cannot write to standard output") : 0;
    }
    return write_file(job, bytes, length, error);
}

static enum job_state take_output(struct job *job, const struct pp_result *result)
{
    struct pp_error error;
    size_t length;

    if (image_task_output(result, &job->plan, &length) < 0) {
        return fail_reply(job, "output");
    }
    if (write_output(job, pp_future_slot(job->future, IMAGE_SLOT_OUTPUT)->bytes, length, &error) <
        0) {
        failure_from_writing(&job->failure, &error);
        job->failure.attempts = result->attempts;
        return job->failure.final ? JOB_HOPELESS : JOB_FAILED;
    }
    job->written = length;
    return JOB_DONE;
}

static enum job_state take_result(struct job *job, const struct pp_result *result, GError **error)
{
    switch (result->outcome) {
    case PP_DONE:
        return job->rendering ? take_output(job, result) : take_plan(job, result, error);
    case PP_CANCELLED:
        return JOB_CANCELLED;
    default:
        failure_from_result(&job->failure, result);
        return JOB_FAILED;
    }
}

void job_advance(struct job *job, GError **error)
{
    const struct pp_result *result = pp_future_result(job->future);

    job->run_ns += result->run_ns;
    job->state = take_result(job, result, error);
    if (job->state != JOB_WAITS) {
        /* Its slots are worth more to others than to a job that waits to be told. */
        g_clear_pointer(&job->future, pp_future_destroy);
    }
}

enum job_state job_state(const struct job *job)
{
    return job->state;
}

static const char *status_word(const struct job *job)
{
    if (job->context->goal != JOB_PLAN) {
        return "written";
    }
    return job->output->kept ? "kept" : "planned";
}

static void tell_done(const struct job *job)
{
    const struct done done = {
        .path = job->output->input->path,
        .status = status_word(job),
        .output = job->output->path,
        .plan = &job->plan,
        .explain = job->context->options->explain,
        .bytes = job->written,
        .ms = (job->run_ns + 500000) / 1000000,
    };

    report_done(job->context->report, &done, (uint64_t)job->file.bytes);
}

void job_tell(struct job *job)
{
    gboolean failed = job->state == JOB_FAILED || job->state == JOB_HOPELESS;

    if (job->context->goal == JOB_NAME) {
        if (failed) {
            job->output->failure = g_memdup2(&job->failure, sizeof(job->failure));
        }
    } else if (failed) {
        report_error(job->context->report, job->output->input->path, &job->failure);
    } else if (job->state == JOB_DONE) {
        tell_done(job);
    }
}

void job_destroy(struct job *job)
{
    if (job == NULL) {
        return;
    }
    pp_future_destroy(job->future);
    if (job->fd >= 0) {
        close(job->fd);
    }
    g_free(job);
}
